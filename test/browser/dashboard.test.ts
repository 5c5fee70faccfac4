import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { anomalyTests } from './anomalies.ts';
import { consoleTests } from './console.ts';
import {
  accessibilityFaults,
  browserPath,
  launch,
  listenForErrors,
  openSite,
  type Site,
  settled,
  signIn,
} from './session.ts';

// A browser on a busy machine now and then takes longer than any step should: once more, and both outcomes are in the log.
jest.retryTimes(1, { logErrorsBeforeRetry: true });

const suite = browserPath ? describe : describe.skip;
const title = browserPath ? 'dashboard and console' : 'dashboard and console (skipped: no Chromium on this machine)';

const looks = [
  { name: 'desktop, light', colorScheme: 'light', viewport: { width: 1440, height: 960 } },
  { name: 'desktop, dark', colorScheme: 'dark', viewport: { width: 1440, height: 960 } },
  { name: 'phone, light', colorScheme: 'light', viewport: { width: 360, height: 740 } },
  { name: 'phone, dark', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
] as const;

suite(title, () => {
  let browser: Browser;
  let site: Site;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    [{ site, stop }, browser] = await Promise.all([openSite(), launch()]);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await stop?.();
  });

  const open = async (look: (typeof looks)[number] = looks[0], group = 'analyst') => {
    const context = await browser.newContext({ colorScheme: look.colorScheme, viewport: look.viewport });
    const errors = listenForErrors(context);
    const page = await signIn(context, site, group);
    await settled(page);
    return { page, errors };
  };

  /** A meter and a feeder to look at, taken from the pages themselves. */
  const firstRow = async (page: Page, path: string): Promise<string> => {
    await page.goto(site.web + path);
    const row = page.locator('a[data-row]').first();
    await row.waitFor();
    return (await row.getAttribute('href')) ?? '';
  };

  test.each(looks)(
    '$name: every page shows real data, without errors, sideways scroll or accessibility faults',
    async (look) => {
      const { page, errors } = await open(look, 'admin');
      const withFigures = [
        '/',
        await firstRow(page, '/meters'),
        await firstRow(page, '/feeders'),
        '/outages',
        '/forecasts',
        '/fleet',
      ];
      const others = ['/map', '/meters', '/feeders', '/quality', '/quality?view=quarantine', '/anomalies', '/models'];
      if (site.things) withFigures.push(`/outages/${site.things.outageId}`);
      if (site.things) others.push(`/quality/${site.things.quarantineId}`);
      for (const path of [...withFigures, ...others]) {
        await page.goto(site.web + path);
        await settled(page);
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect({ path, sideways }).toEqual({ path, sideways: 0 });
        if (withFigures.includes(path)) {
          const figures = await page.locator('.figures .amount').allInnerTexts();
          expect(figures).toHaveLength(5);
          expect(figures.filter((figure) => /\d/.test(figure)).length).toBeGreaterThanOrEqual(3);
        }
        expect({ path, faults: await accessibilityFaults(page) }).toEqual({ path, faults: [] });
      }
      expect(errors).toEqual([]);
      await page.context().close();
    },
    120_000,
  );

  test('a gap is drawn as a gap: no line crosses it, and the table says missing', async () => {
    const { page } = await open();
    const meter = await firstRow(page, '/meters');
    // Real readings with a hole of five hours cut into them, so that the hole is where the test looks.
    await page.route('**/readings?*', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as {
        from: string;
        intervals: { start: string; end: string }[];
        gaps: object[];
      };
      const holeFrom = Date.parse(body.from) + 20 * 3_600_000;
      const holeTo = holeFrom + 5 * 3_600_000;
      const inHole = (time: string) => Date.parse(time) >= holeFrom && Date.parse(time) < holeTo;
      body.intervals = body.intervals.filter((interval) => !inHole(interval.start));
      body.gaps = [{ start: new Date(holeFrom).toISOString(), end: new Date(holeTo).toISOString(), reason: 'missing' }];
      await route.fulfill({ response: answer, json: body });
    });
    await page.goto(`${site.web}${meter.split('?')[0]}?range=48h`);
    await settled(page);
    const canvas = page.locator('canvas').first();
    await canvas.waitFor();
    /** Of each column of pixels: whether the line's colour stands in it. */
    const columns = await canvas.evaluate((element) => {
      const drawn = element as HTMLCanvasElement;
      const context = drawn.getContext('2d');
      if (!context) return [];
      const height = Math.floor(drawn.height * 0.8);
      const { data } = context.getImageData(0, 0, drawn.width, height);
      return Array.from({ length: drawn.width }, (_, x) => {
        for (let y = 0; y < height; y += 1) {
          const at = (y * drawn.width + x) * 4;
          if (data[at] === 0 && data[at + 1] === 114 && data[at + 2] === 178) return true;
        }
        return false;
      });
    });
    const [left, right] = [52, columns.length - 16];
    const column = (hours: number) => Math.round(left + ((right - left) * hours) / 48);
    expect(columns.slice(column(20) + 4, column(25) - 4).some(Boolean)).toBe(false);
    expect(columns.slice(column(10), column(19)).some(Boolean)).toBe(true);
    expect(columns.slice(column(26), column(40)).some(Boolean)).toBe(true);
    await page.getByRole('button', { name: 'Table' }).first().click();
    const missing = page.locator('.chart-table tr', { hasText: 'missing: expected and not received' });
    expect(await missing.count()).toBe(10);
    expect(await missing.first().textContent()).toContain('–');
    await page.context().close();
  });

  test('where nothing was forecast the page says so, and no error is logged', async () => {
    const { page, errors } = await open();
    await page.goto(`${site.web}/forecasts?at=2011-01-01T00:00:00.000Z`);
    await settled(page);
    await page.getByText('Nothing was forecast of this').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('styles and scripts come from files alone: anything inline is refused and reported', async () => {
    const { page, errors } = await open();
    const policy = (await page.request.get(`${site.web}/`)).headers()['content-security-policy'] ?? '';
    expect(policy).toContain("style-src 'self';");
    expect(policy).not.toContain('unsafe');
    await page.evaluate(() => {
      const style = document.createElement('style');
      style.textContent = 'h1 { color: rgb(1, 2, 3) }';
      document.head.append(style);
    });
    const colour = await page.locator('h1').evaluate((heading) => getComputedStyle(heading).color);
    expect(colour).not.toBe('rgb(1, 2, 3)');
    expect(errors.join()).toContain('style-src');
    await page.context().close();
  });

  test('the keyboard leads everywhere', async () => {
    const { page } = await open();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.getByRole('heading', { name: 'Meters', level: 1 }).waitFor();
    await page.locator('a[data-row]').first().waitFor();
    await page.getByRole('searchbox', { name: 'Filter meters' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const second = await page.evaluate(() => document.activeElement?.textContent);
    expect(second).toBe(await page.locator('a[data-row]').nth(1).textContent());
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: `Meter ${second}` }).waitFor();
    await settled(page);
    await page.locator('.plot').first().focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await page.locator('.tip').first().waitFor();
    await page.keyboard.press('/');
    await page.getByRole('textbox', { name: 'Search' }).fill('map');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Map' }).waitFor();
    await page.context().close();
  });

  test('an address reproduces the view, back works, a reload stays signed in', async () => {
    const { page } = await open();
    await page.getByRole('button', { name: '7 days' }).click();
    expect(page.url()).toContain('range=7d');
    await page.getByRole('link', { name: 'Fleet', exact: true }).click();
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    expect(page.url()).toContain('range=7d');
    await page.reload();
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    expect(await page.getByRole('button', { name: '7 days' }).getAttribute('aria-pressed')).toBe('true');
    await page.goBack();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL((url) => url.origin === new URL(site.web).origin && url.pathname === '/');
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.context().close();
  });

  consoleTests(() => ({ browser, site }));
  anomalyTests(() => ({ site, open: (group) => open(looks[0], group) }));
});
