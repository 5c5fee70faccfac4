import { useEffect, useState } from 'preact/hooks';

export type Theme = 'light' | 'dark' | 'system';
const key = 'grid.theme';
const changed = new EventTarget();
const system = matchMedia('(prefers-color-scheme: dark)');

export const chosenTheme = (): Theme => {
  const kept = localStorage.getItem(key);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
};

export const applyTheme = (theme: Theme): void => {
  if (theme === 'system') {
    localStorage.removeItem(key);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(key, theme);
    document.documentElement.dataset.theme = theme;
  }
  changed.dispatchEvent(new Event('theme'));
};

const shown = (): 'light' | 'dark' => {
  const chosen = chosenTheme();
  return chosen === 'system' ? (system.matches ? 'dark' : 'light') : chosen;
};

/** The theme in effect; canvases are drawn again when it changes. */
export const useTheme = (): 'light' | 'dark' => {
  const [theme, setTheme] = useState(shown());
  useEffect(() => {
    const listener = () => setTheme(shown());
    changed.addEventListener('theme', listener);
    system.addEventListener('change', listener);
    return () => {
      changed.removeEventListener('theme', listener);
      system.removeEventListener('change', listener);
    };
  }, []);
  return theme;
};

const probe = document.createElement('span');

/** The colour a custom property has now, as a canvas takes it. */
export const resolved = (property: string): string => {
  if (!probe.isConnected) {
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${property})`;
  return getComputedStyle(probe).color;
};
