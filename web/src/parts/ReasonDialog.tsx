import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog, DialogEnd } from '../frame/Dialog.tsx';

/** Asks why, for the audit, before something is changed. `confirm` answers whether it was done. */
export const ReasonDialog = (props: {
  title: string;
  /** What will happen, in a sentence. */
  children: ComponentChildren;
  verb: string;
  busy: boolean;
  error: Error | undefined;
  confirm: (reason: string) => Promise<boolean>;
  close: () => void;
}) => {
  const { title, children, verb, busy, error, confirm, close } = props;
  const [reason, setReason] = useState('');
  return (
    <Dialog label={title} close={close}>
      <form
        class="form"
        onSubmit={async (event) => {
          event.preventDefault();
          if (await confirm(reason)) close();
        }}
      >
        <h2>{title}</h2>
        <p>{children}</p>
        <label>
          Why, for the audit
          <input
            type="text"
            required
            minLength={3}
            maxLength={500}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <DialogEnd error={error} close={close} busy={busy} verb={verb} />
      </form>
    </Dialog>
  );
};
