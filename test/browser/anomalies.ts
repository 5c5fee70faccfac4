import type { Page } from 'playwright-core';
import { accessibilityFaults, type Site, settled } from './session.ts';

/** Readings are scored within three minutes of the start: noted, gathered and scored by schedules of a minute. */
const FOUND_WITHIN_MS = 200_000;

type Open = (group: string) => Promise<{ page: Page; errors: string[] }>;

/** The anomaly inbox, on what the detectors find in the readings of the fleet. */
export const anomalyTests = (opened: () => { site: Site; open: Open }): void => {
  test(
    'an anomaly by keyboard: found in the inbox, seen in its picture, labelled and snoozed',
    async () => {
      const { site, open } = opened();
      const { page, errors } = await open('operator');
      const rows = page.locator('a[data-row]');
      const end = Date.now() + FOUND_WITHIN_MS;
      do {
        if (Date.now() > end) throw new Error('nothing unusual was found');
        await page.goto(`${site.web}/anomalies`);
        await settled(page);
      } while ((await rows.count()) < 2);
      await page.locator('svg.spark').first().waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      const chosen = await rows.nth(1).getAttribute('href');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('href'))).toBe(chosen);
      await page.keyboard.press('Enter');
      await page.getByText('Usual at this time of day').waitFor();
      await settled(page);
      expect((await page.locator('.figures .amount').allInnerTexts())[0]).toMatch(/\d/);
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.keyboard.press('l');
      await page.getByRole('radio', { name: 'False alarm' }).check();
      await page.getByLabel('Note').fill('a summer guest');
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.keyboard.press('Enter');
      await page.getByText('labelled false alarm').waitFor();
      await page.getByText('by you · a summer guest').waitFor();
      await page.keyboard.press('s');
      await page.getByRole('dialog').getByRole('button', { name: '7 days' }).click();
      await page.getByText('snoozed until').last().waitFor();
      await page.goto(`${site.web}/anomalies`);
      await settled(page);
      const waiting = await rows.evaluateAll((links) => links.map((link) => link.getAttribute('href')));
      expect(waiting).not.toContain(chosen);
      expect(errors).toEqual([]);
      await page.context().close();

      const { page: read } = await open('analyst');
      await read.goto(site.web + chosen);
      await read.getByText('labelled false alarm').waitFor();
      expect(await read.getByRole('button', { name: 'Label' }).count()).toBe(0);
      await read.keyboard.press('l');
      expect(await read.getByRole('dialog').count()).toBe(0);
      await read.context().close();
    },
    FOUND_WITHIN_MS + 60_000,
  );
};
