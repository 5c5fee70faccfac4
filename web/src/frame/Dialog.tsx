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
