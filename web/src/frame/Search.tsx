import { useState } from 'preact/hooks';
import { useAnswer } from '../app/data.ts';
import { link, navigate } from '../app/location.ts';
import { Dialog } from './Dialog.tsx';
import { pages } from './pages.ts';

interface Hit {
  name: string;
  kind: string;
  href: string;
}

const mostHits = 12;

export const Search = ({ close }: { close: () => void }) => {
  const network = useAnswer('getNetwork', {}).data;
  const [words, setWords] = useState('');
  const [active, setActive] = useState(0);
  const all: Hit[] = [
    ...pages.map((page) => ({ name: page.name, kind: 'page', href: link(page.path) })),
    ...(network?.feeders ?? []).map((f) => ({
      name: `${f.feederId} ${f.name}`,
      kind: 'feeder',
      href: link(`/feeders/${f.feederId}`),
    })),
    ...(network?.transformers ?? []).map((t) => ({
      name: `${t.transformerId} ${t.name}`,
      kind: 'transformer',
      href: link('/map', { select: `transformer:${t.transformerId}` }),
    })),
    ...(network?.meters ?? []).map((m) => ({ name: m.meterId, kind: 'meter', href: link(`/meters/${m.meterId}`) })),
  ];
  const asked = words.trim().toLowerCase().split(/\s+/);
  const hits = all
    .filter((hit) => asked.every((word) => `${hit.name} ${hit.kind}`.toLowerCase().includes(word)))
    .slice(0, mostHits);
  const go = (hit: Hit | undefined) => {
    if (!hit) return;
    close();
    navigate(hit.href);
  };
  return (
    <Dialog label="Search" close={close}>
      <input
        type="text"
        class="find"
        aria-label="Search"
        placeholder="A meter, feeder, transformer or page"
        value={words}
        onInput={(event) => {
          setWords(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={(event) => {
          const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (by !== undefined) {
            event.preventDefault();
            setActive((active + by + hits.length) % Math.max(1, hits.length));
          } else if (event.key === 'Enter') go(hits[active]);
        }}
      />
      <ul>
        {hits.map((hit, index) => (
          <li key={hit.href}>
            <a
              href={hit.href}
              data-active={index === active}
              onClick={(event) => {
                event.preventDefault();
                go(hit);
              }}
            >
              <span>{hit.name}</span>
              <span class="muted">{hit.kind}</span>
            </a>
          </li>
        ))}
        {hits.length === 0 && <li class="empty">Nothing is named like that.</li>}
      </ul>
    </Dialog>
  );
};
