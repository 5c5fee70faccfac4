import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** The browser's own modal: focus stays inside, Escape closes, focus returns. */
export const Dialog = ({
  label,
  close,
  children,
}: {
  label: string;
  close: () => void;
  children: ComponentChildren;
}) => {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click on the backdrop closes; Escape does for the keyboard.
    <dialog
      ref={element}
      aria-label={label}
      onClose={close}
      onClick={(event) => event.target === element.current && element.current?.close()}
    >
      {children}
    </dialog>
  );
};

/** What a dialog ends with: what went wrong, the way out, and the way on, if its form has one. */
export const DialogEnd = ({
  error,
  close,
  busy = false,
  verb,
}: {
  error: Error | undefined;
  close: () => void;
  busy?: boolean;
  verb?: string;
}) => (
  <>
    {error && <p role="alert">{error.message}</p>}
    <footer>
      <button type="button" class="button" onClick={close}>
        Cancel
      </button>
      {verb && (
        <button type="submit" class="button primary" disabled={busy}>
          {verb}
        </button>
      )}
    </footer>
  </>
);
