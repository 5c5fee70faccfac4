/** A table as text and numbers; null is an empty cell. */
export interface Table {
  columns: readonly string[];
  rows: readonly (readonly (string | number | null)[])[];
}

// A leading =, +, - or @ would be run as a formula by a spreadsheet; ids are the utility's own strings.
const cell = (content: string | number | null): string => {
  if (content === null) return '';
  if (typeof content === 'number') return String(content);
  const safe = /^[=+\-@\t\r]/.test(content) ? `'${content}` : content;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** RFC 4180. */
export const csvOf = ({ columns, rows }: Table): string =>
  [columns, ...rows]
    .map((row) => row.map(cell).join(','))
    .join('\r\n')
    .concat('\r\n');

export const saveFile = (name: string, content: Blob): void => {
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(content);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
};

export const saveCsv = (name: string, table: Table): void =>
  saveFile(`${name}.csv`, new Blob([csvOf(table)], { type: 'text/csv' }));
