import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { Stack } from '../harness/stack.ts';
import { makeThingsToSee, type ThingsToSee } from './things-to-see.ts';

export interface Site {
  web: string;
  console: string;
  users: { group: string; username: string; password: string }[];
  /** Where they are, if the tests made them; a stack that was there already is left as it is. */
  things?: ThingsToSee;
}

const candidates = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser of this machine; undefined if there is none. */
export const browserPath = candidates.find((path) => path !== '' && existsSync(path));

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: browserPath ?? '',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** A stack of its own with its fleet, or the one that `BROWSER_ENDPOINTS` (an endpoints.json) names. */
export const openSite = async (): Promise<{ site: Site; stop(): Promise<void> }> => {
  const given = process.env.BROWSER_ENDPOINTS;
  if (given) return { site: JSON.parse(readFileSync(given, 'utf8')) as Site, stop: async () => {} };
  const stack = new Stack({ portBase: 21720, stateDir: '.cache/browser-stack' });
  await stack.start({ fresh: true, arguments: [] });
  const things = await makeThingsToSee(stack);
  return { site: { ...(stack.endpoints() as unknown as Site), things }, stop: () => stack.stop() };
};

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds against WCAG 2.2 AA on the page as it stands, a line each. */
export const accessibilityFaults = async (page: Page): Promise<string[]> => {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(options: object): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>;
      };
    };
    const found = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes[0]?.html.slice(0, 160)} (${v.nodes.length})`);
  });
};

/** Errors that scripts and console of any page report from now on; what the content security policy refuses is among them. */
export const listenForErrors = (context: BrowserContext): string[] => {
  const errors: string[] = [];
  context.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  context.on('weberror', (error) => errors.push(error.error().message));
  return errors;
};

/** Through the hosted sign-in, as a person does it. */
export const signIn = async (context: BrowserContext, site: Site, group: string): Promise<Page> => {
  const user = site.users.find((one) => one.group === group);
  if (!user) throw new Error(`no user of the group ${group}`);
  const page = await context.newPage();
  await page.goto(`${site.web}/`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('input[name="username"]').fill(user.username);
  await page.locator('input[name="password"]').fill(user.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  return page;
};

/** Waits until nothing loads any more. */
export const settled = async (page: Page): Promise<void> => {
  await page.locator('main h1').waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  await page.waitForLoadState('networkidle');
};
