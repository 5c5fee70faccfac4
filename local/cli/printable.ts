// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text of a device as a terminal may show it: control characters would move its cursor or run its commands. */
export const printable = (text: string): string => text.replace(CONTROL, '\ufffd');

/** A payload as text where it is UTF-8, else in hexadecimal, 32 bytes a line. */
export function printablePayload(bytes: Uint8Array): string {
  try {
    return printable(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    const hex = Buffer.from(bytes).toString('hex');
    return (hex.match(/.{1,64}/g) ?? []).join('\n');
  }
}
