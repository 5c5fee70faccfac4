import { useEffect, useReducer } from 'preact/hooks';

/** Parts of the state that follow the person from page to page. */
const carried = ['range', 'at', 'utc'];

const moved = new EventTarget();

/** Address of a page or of the same page with some of its state changed; `null` removes a part. */
export const hrefOf = (
  current: { pathname: string; search: string },
  path: string | undefined,
  changes: Readonly<Record<string, string | null>> = {},
): string => {
  const before = new URLSearchParams(current.search);
  const query = new URLSearchParams();
  for (const [name, part] of before) if (path === undefined || carried.includes(name)) query.set(name, part);
  for (const [name, part] of Object.entries(changes)) {
    if (part === null) query.delete(name);
    else query.set(name, part);
  }
  const search = query.toString();
  return (path ?? current.pathname) + (search === '' ? '' : `?${search}`);
};

/** Address of another page, keeping the time range. */
export const link = (path: string, changes?: Readonly<Record<string, string | null>>): string =>
  hrefOf(location, path, changes);

export const navigate = (href: string, options: { replace?: boolean } = {}): void => {
  if (options.replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  moved.dispatchEvent(new Event('moved'));
};

/** Changes parts of this page's state. `replace` for what changes with every keystroke or tick. */
export const setState = (changes: Readonly<Record<string, string | null>>, options: { replace?: boolean } = {}): void =>
  navigate(hrefOf(location, undefined, changes), options);

export interface Place {
  path: string;
  query: URLSearchParams;
}

export const usePlace = (): Place => {
  const [, changed] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const listener = () => changed(undefined);
    moved.addEventListener('moved', listener);
    addEventListener('popstate', listener);
    return () => {
      moved.removeEventListener('moved', listener);
      removeEventListener('popstate', listener);
    };
  }, []);
  return { path: location.pathname, query: new URLSearchParams(location.search) };
};

/** Makes plain links to this site move without loading the page again. */
export const followLinks = (): void => {
  document.addEventListener('click', (event) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const anchor = (event.target as Element | null)?.closest('a');
    if (!anchor) return;
    if (anchor.target !== '' || anchor.hasAttribute('download') || anchor.origin !== location.origin) return;
    if (anchor.hash !== '' && anchor.pathname === location.pathname) return;
    event.preventDefault();
    navigate(anchor.pathname + anchor.search);
    scrollTo(0, 0);
  });
};
