import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { saveCsv } from '../app/csv.ts';
import { isFree } from '../app/keys.ts';
import { navigate, setState, usePlace } from '../app/location.ts';

export interface Column<T> {
  label: string;
  numeric?: boolean;
  /** Left out on phones. */
  wide?: boolean;
  /** What is sorted by and written to CSV. */
  plain: (row: T) => string | number | null;
  show: (row: T) => ComponentChildren;
}

interface ListProps<T> {
  name: string;
  rows: readonly T[];
  keyOf: (row: T) => string;
  hrefOf: (row: T) => string;
  columns: readonly Column<T>[];
  empty: ComponentChildren;
  /** Shown left of the CSV button. */
  title: string;
  filter?: boolean;
  /** What keys do with the row that has the focus, by key. */
  keys?: Readonly<Record<string, (row: T) => void>>;
}

const compare = (a: string | number | null, b: string | number | null): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a).localeCompare(String(b), 'en', { numeric: true });
};

/** A list with filter as you type, sorting, keyboard rows and a CSV of what is seen; its state is in the address. */
export function List<T>({ name, rows, keyOf, hrefOf, columns, empty, title, filter, keys = {} }: ListProps<T>) {
  const { query } = usePlace();
  const body = useRef<HTMLTableSectionElement>(null);
  const wanted = (query.get('filter') ?? '').toLowerCase();
  const [sortLabel = '', order] = (query.get('sort') ?? '').split(':');
  const sortBy = columns.find((column) => column.label === sortLabel);
  const seen = rows.filter(
    (row) =>
      !filter ||
      columns.some((c) =>
        String(c.plain(row) ?? '')
          .toLowerCase()
          .includes(wanted),
      ),
  );
  if (sortBy) seen.sort((a, b) => compare(sortBy.plain(a), sortBy.plain(b)) * (order === 'down' ? -1 : 1));
  const move = (event: KeyboardEvent) => {
    const links = [...(body.current?.querySelectorAll<HTMLElement>('a[data-row]') ?? [])];
    const at = links.indexOf(document.activeElement as HTMLElement);
    if (at < 0 || !isFree(event)) return;
    const by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    const row = seen[at];
    if (by !== undefined) links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
    else if (keys[event.key] && row) keys[event.key]?.(row);
    else return;
    event.preventDefault();
  };
  // From anywhere on the page, j and k lead into its first list.
  useEffect(() => {
    const enter = (event: KeyboardEvent) => {
      if ((event.key !== 'j' && event.key !== 'k') || !isFree(event)) return;
      const first = body.current?.querySelector<HTMLElement>('a[data-row]');
      if (!first) return;
      event.preventDefault();
      first.focus();
    };
    addEventListener('keydown', enter);
    return () => removeEventListener('keydown', enter);
  }, []);
  return (
    <section class="panel">
      <header>
        <h2>{title}</h2>
        {filter && (
          <input
            type="search"
            placeholder="Filter"
            aria-label={`Filter ${title.toLowerCase()}`}
            value={query.get('filter') ?? ''}
            onInput={(event) => setState({ filter: event.currentTarget.value || null }, { replace: true })}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') body.current?.querySelector<HTMLElement>('a[data-row]')?.focus();
            }}
          />
        )}
        <button
          type="button"
          class="button quiet"
          onClick={() =>
            saveCsv(name, {
              columns: columns.map((c) => c.label),
              rows: seen.map((row) => columns.map((c) => c.plain(row))),
            })
          }
        >
          CSV
        </button>
      </header>
      {seen.length === 0 ? (
        <p class="empty">{rows.length === 0 ? empty : `Nothing matches “${query.get('filter')}”.`}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1).
        <section class="scroll" tabIndex={0} aria-label={title}>
          <table>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th
                    key={column.label}
                    class={`${column.numeric ? 'num' : ''} ${column.wide ? 'narrow-hide' : ''}`}
                    aria-sort={sortBy === column ? (order === 'down' ? 'descending' : 'ascending') : undefined}
                  >
                    <button
                      type="button"
                      onClick={() =>
                        setState(
                          { sort: `${column.label}:${sortBy === column && order !== 'down' ? 'down' : 'up'}` },
                          { replace: true },
                        )
                      }
                    >
                      {column.label}
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody ref={body} onKeyDown={move}>
              {seen.map((row) => (
                <tr
                  key={keyOf(row)}
                  data-href={hrefOf(row)}
                  onClick={(event) => {
                    if (!(event.target as Element).closest('a')) navigate(hrefOf(row));
                  }}
                >
                  {columns.map((column, index) => (
                    <td key={column.label} class={`${column.numeric ? 'num' : ''} ${column.wide ? 'narrow-hide' : ''}`}>
                      {index === 0 ? (
                        <a href={hrefOf(row)} data-row>
                          {column.show(row)}
                        </a>
                      ) : (
                        column.show(row)
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
