import { Dialog } from './Dialog.tsx';
import { pages } from './pages.ts';

const keys: readonly (readonly [string, string])[] = [
  ['/ or ⌘K', 'Search meters, feeders, transformers and pages'],
  ...pages.map((page) => [`g ${page.key}`, page.name] as const),
  ['u', 'Times in UTC or in the local zone of the grid'],
  ['↑ ↓ or j k', 'Move along the rows of a list; Enter opens'],
  ['l, s', 'Label or snooze the anomaly one is on'],
  ['← →', 'Move the crosshair of a chart; Page Up and Down by twelve'],
  ['+ − and arrows', 'Zoom and move the map'],
  ['Esc', 'Close what is open'],
  ['?', 'This list'],
];

export const Keys = ({ close }: { close: () => void }) => (
  <Dialog label="Keys" close={close}>
    <dl class="keys">
      {keys.map(([key, does]) => (
        <>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{does}</dd>
        </>
      ))}
    </dl>
  </Dialog>
);
