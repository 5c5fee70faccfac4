import type { Answer } from '../app/api.ts';
import { Status, type StatusName } from './status.tsx';

export type QuarantineRow = Answer<'listQuarantine'>['items'][number];

const shown: Readonly<Record<QuarantineRow['status'], { name: StatusName; word: string }>> = {
  open: { name: 'warn', word: 'waiting' },
  replayed: { name: 'normal', word: 'replayed' },
  discarded: { name: 'missing', word: 'discarded' },
};

export const QuarantineStatus = ({ status }: { status: QuarantineRow['status'] }) => <Status {...shown[status]} />;

/** Bytes as text where they are UTF-8, else as hexadecimal. */
export const readable = (base64: string): { text: string; isText: boolean } => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), isText: true };
  } catch {
    return { text: [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' '), isText: false };
  }
};

export const encoded = (text: string): string =>
  btoa([...new TextEncoder().encode(text)].map((byte) => String.fromCharCode(byte)).join(''));
