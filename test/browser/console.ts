import { request } from 'node:http';
import type { Browser } from 'playwright-core';
import { accessibilityFaults, listenForErrors, type Site } from './session.ts';

/** Tests of the local console, on the stack and the browser that the dashboard's tests opened. */
export const consoleTests = (opened: () => { browser: Browser; site: Site }): void => {
  test.each(['light', 'dark'] as const)('console: shows the running cloud, %s', async (colorScheme) => {
    const { browser, site } = opened();
    const context = await browser.newContext({ colorScheme, viewport: { width: 1440, height: 960 } });
    const errors = listenForErrors(context);
    const page = await context.newPage();
    await page.goto(`${site.console}/`);
    await page.locator('.flow rect').first().waitFor();
    await page.locator('.steps li').nth(4).waitFor();
    expect(await page.locator('#streams tbody tr').count()).toBeGreaterThanOrEqual(2);
    expect(await page.locator('#rules tbody tr').count()).toBeGreaterThanOrEqual(4);
    expect(await page.locator('#alarms tbody tr').count()).toBeGreaterThan(0);
    expect(await page.locator('.widgets svg[role=img]').count()).toBeGreaterThan(0);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(errors).toEqual([]);
    await context.close();
  });

  test('console: a name that only resolves to this machine is refused', async () => {
    const { port } = new URL(opened().site.console);
    const status = await new Promise<number>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/data/view', headers: { host: 'rebound.example' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });
};
