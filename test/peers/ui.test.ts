// The web UI in a real browser, on real data: Narthex scrapes itself. NARTHEX_UI_URL takes another server instead, which
// may be any that speaks Prometheus's API and serves the UI (see web/dev.ts).
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after, before} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Browser, BrowserContextOptions, Locator, Page} from 'playwright-core';
import {freePort, startProgram, stopProgram} from '../../tools/programs.ts';
import {launchBrowser} from '../lib/browser.ts';
import {query, startNarthex, type StartedServer} from '../lib/narthex.ts';

const config = `
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: self
    static_configs: [{targets: ['127.0.0.1:PORT']}]
  - job_name: nobody
    static_configs: [{targets: ['127.0.0.1:1', '127.0.0.2:1']}]
    relabel_configs:
      - {target_label: zone, replacement: north}
      - {source_labels: [__address__], regex: '127.0.0.2:.*', action: drop}
alerting:
  alertmanagers:
    - static_configs: [{targets: ['127.0.0.1:1']}]
`;
const wide = {width: 1280, height: 900};
const phone = {width: 390, height: 844};

let server: StartedServer | undefined;
let browser: Browser;
let baseUrl: string;

before(async () => {
  baseUrl = (process.env['NARTHEX_UI_URL'] ?? '').replace(/\/$/, '');
  if (baseUrl === '') {
    server = await startNarthex({config});
    baseUrl = server.url;
  }
  browser = await launchBrowser();
  await untilScraped(baseUrl);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A line needs some samples. */
async function untilScraped(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const {data} = await query(url, 'max(count_over_time(up[5m]))');
    if (Number(data.result[0]?.value[1] ?? 0) >= 6) return;
    await sleep(200);
  }
  throw new Error(`cannot test the UI: ${url} has scraped nothing for a minute`);
}

interface VisitOptions extends BrowserContextOptions {
  /** Messages of the browser's console that belong to the test: a refused request is written there. */
  expectedMessage?: RegExp;
  url?: string;
}

/** Opens a page in a browser that knows nothing yet; afterwards no script failed and nobody else was asked. */
async function visit(path: string, options: VisitOptions, use: (page: Page) => Promise<void>): Promise<void> {
  const {expectedMessage, url = baseUrl, ...contextOptions} = options;
  const context = await browser.newContext({viewport: wide, locale: 'en-US', ...contextOptions});
  context.setDefaultTimeout(20_000);
  const failures: string[] = [];
  const page = await context.newPage();
  page.on('pageerror', (error) => failures.push(`script failed: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    const isFailure = message.type() === 'error' || message.type() === 'warning';
    if (isFailure && expectedMessage?.test(message.text()) !== true) failures.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      failures.push(`asked ${request.url()}`);
  });
  try {
    await page.goto(url + path);
    await use(page);
    assert.deepEqual(failures, []);
  } finally {
    await context.close();
  }
}

function editorOf(page: Page): Locator {
  return page.locator('.cm-content').first();
}

async function run(page: Page, expr: string): Promise<void> {
  await editorOf(page).click();
  await page.keyboard.type(expr);
  // What completion offers is not what was typed.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
}

/** Number of pixels on the page's first graph that have the colour of a series, the first one of the legend. */
async function linePixels(page: Page): Promise<number> {
  await page.locator('.nx-chart canvas').waitFor();
  await page.locator('.nx-legend .nx-swatch').first().waitFor();
  return page.evaluate<number>(`(() => {
    const canvas = document.querySelector('.nx-chart canvas');
    const swatch = getComputedStyle(document.querySelector('.nx-legend .nx-swatch')).backgroundColor;
    const [red, green, blue] = swatch.match(/\\d+/g).map(Number);
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const distance = Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue);
      if (distance < 30 && data[i + 3] > 100) count++;
    }
    return count;
  })()`);
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await condition()) return;
    await sleep(100);
  }
  assert.fail(`after ten seconds not so: ${what}`);
}

test('a query that is typed shows its value in the table and its line in the graph', async () => {
  await visit('/', {}, async (page) => {
    await page.getByText('What would you like to know?').waitFor();
    await run(page, 'max by (job) (up) + 41');
    const row = page.getByRole('row').filter({hasText: '42'}).first();
    await row.waitFor();
    assert.match(await row.innerText(), /job="/);
    assert.match(page.url(), /\/query\?g0\.expr=max\+by\+%28job%29\+%28up%29\+%2B\+41&g0\.tab=table$/);

    await page.locator('label', {hasText: 'Graph'}).click();
    await page.locator('.nx-chart canvas').waitFor();
    await page.locator('[aria-label="Range"] input').fill('1m');
    await page.keyboard.press('Enter');
    await until(async () => (await linePixels(page)) > 20, 'a line is drawn');
    assert.match(page.url(), /g0\.tab=graph&g0\.range_input=1m$/);
  });
});

test('the graph has a tooltip, a legend that hides series, and zooms by dragging', async () => {
  // Two lines that are never in each other's way.
  const line = (value: number): string =>
    `label_replace(vector(${value}), "line", "${value}", "__name__", ".*")`;
  const expr = encodeURIComponent(`${line(1)} or ${line(2)}`);
  await visit(`/query?g0.expr=${expr}&g0.tab=graph&g0.range_input=1m`, {}, async (page) => {
    const chart = page.locator('.nx-chart .u-over');
    await until(async () => (await linePixels(page)) > 20, 'a line is drawn');
    const box = (await chart.boundingBox())!;
    await page.mouse.move(box.x + box.width - 30, box.y + 40);
    await page.mouse.move(box.x + box.width - 28, box.y + 42);
    await page.locator('.nx-tooltip').waitFor();
    assert.match(await page.locator('.nx-tooltip').innerText(), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);

    await page.mouse.move(0, 0);
    const first = page.locator('.nx-legend-series').first();
    await first.click();
    assert.equal(await first.getAttribute('aria-pressed'), 'false');
    assert.equal(await linePixels(page), 0);
    await page.getByRole('button', {name: 'Show all'}).click();
    await first.click({modifiers: ['Shift']});
    assert.deepEqual(
      await page
        .locator('.nx-legend-series')
        .evaluateAll((series: {ariaPressed: string | null}[]) => series.map(({ariaPressed}) => ariaPressed)),
      ['true', 'false'],
    );

    const before = page.url();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + 60, {steps: 4});
    await page.mouse.up();
    await until(async () => /end_input=.*range_input=1[567]s/.test(page.url()), 'the range is a quarter');
    await page.goBack();
    assert.equal(page.url(), before);
  });
});

test('a query is explained: each part with its time, series and samples', async () => {
  await visit('/query?g0.expr=sum(rate(up[1m])) / count(up)&g0.tab=explain', {}, async (page) => {
    const rows = page.locator('.nx-explain tbody tr');
    await rows.first().waitFor();
    const parts = (await rows.allInnerTexts()).map((text) => text.split(/\s{2,}|\t|\n/)[0]);
    assert.deepEqual(parts, ['… / …', 'sum(…)', 'rate(…)', 'up[1m]', 'count(…)', 'up']);
    assert.match(await rows.nth(5).innerText(), /(?:ms|µs)[^]*%[^]*\b2\b/);
    await page.getByRole('button', {name: 'Close sum(rate(up[1m]))', exact: true}).click();
    assert.equal(await rows.count(), 4);
    await page.locator('label', {hasText: 'Over a range'}).click();
    await page.getByText(/points per series, one every/).waitFor();
    // A part leads to itself, in a panel of its own.
    await rows.last().getByRole('link').click();
    await until(async () => (await page.locator('.cm-content').count()) === 2, 'there are two panels');
    assert.match(page.url(), /g1\.expr=up&/);
  });
  await visit('/query?g0.expr=up&g0.tab=explain', {locale: 'ja-JP', colorScheme: 'dark'}, async (page) => {
    await page.locator('th', {hasText: '式の部分'}).waitFor();
  });
});

test('the editor completes, colours and checks', async () => {
  await visit('/query', {}, async (page) => {
    await editorOf(page).click();
    await page.keyboard.type('scrape_dura');
    const completion = page.locator('.cm-tooltip-autocomplete [aria-selected]');
    await completion.filter({hasText: 'scrape_duration_seconds'}).waitFor();
    // Accepting at once is taken for a slip of the hand.
    await sleep(100);
    await page.keyboard.press('Enter');
    assert.equal(await editorOf(page).innerText(), 'scrape_duration_seconds');
    assert.ok(!page.url().includes('g0.expr'), 'Enter took the completion and did not run');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('+ rate(up)');
    await page.locator('.cm-lintRange-error').waitFor();
    assert.equal(await page.locator('.cm-line').count(), 2);
  });
});

test('an error of the server is shown in its own words', async () => {
  await visit(
    '/query?g0.expr=rate(up)&g0.tab=table',
    {expectedMessage: /400 \(Bad Request\)/},
    async (page) => {
      const alert = page.getByRole('alert');
      await alert.waitFor();
      assert.match(
        await alert.innerText(),
        /parse error: expected type range vector in call to function "rate"/,
      );
    },
  );
});

test('language and theme are picked, switched and remembered', async () => {
  await visit('/query', {locale: 'ja-JP', colorScheme: 'dark'}, async (page) => {
    const html = page.locator('html');
    await page.getByRole('link', {name: 'ターゲット', exact: true}).waitFor();
    assert.equal(await html.getAttribute('lang'), 'ja');
    assert.equal(await html.getAttribute('data-mantine-color-scheme'), 'dark');

    await page.getByRole('button', {name: '言語'}).click();
    await page.getByRole('menuitemradio', {name: 'English'}).click();
    await page.getByRole('link', {name: 'Targets', exact: true}).waitFor();
    await page.getByRole('button', {name: 'Theme'}).click();
    await page.getByRole('menuitemradio', {name: 'Light'}).click();

    await page.reload();
    await page.getByRole('link', {name: 'Targets', exact: true}).waitFor();
    assert.equal(await html.getAttribute('lang'), 'en');
    assert.equal(await html.getAttribute('data-mantine-color-scheme'), 'light');
  });
});

test('the targets page shows each pool with its targets, and filters them', async () => {
  await visit('/query', {}, async (page) => {
    await page.getByRole('link', {name: 'Targets', exact: true}).click();
    const pools = page.locator('.nx-pool');
    await pools.first().waitFor();
    const count = await pools.count();
    await page.getByLabel('Health').getByText('Up', {exact: false}).click();
    await until(async () => page.url().endsWith('/targets?health=up'), 'the filter stands in the address');
    const healths = await page.locator('.nx-target .nx-health').allInnerTexts();
    assert.ok(healths.length > 0 && healths.every((health) => health === 'Up'), healths.join());
    await page.getByPlaceholder('Search address, labels and errors').fill('no such target');
    await page.getByText('No target matches the filter.').waitFor();
    await page.getByRole('button', {name: 'Reset the filter'}).click();
    await until(async () => (await pools.count()) === count, 'all pools are back');
    await page.locator('.nx-target-error').first().waitFor();
    assert.match(await page.locator('.nx-target-error').first().innerText(), /refused/);

    const target = page.locator('.nx-target').first();
    await target.getByRole('button', {name: 'Show discovered labels'}).click();
    await target.getByText('__metrics_path__').waitFor();
  });
});

test('the discovery page shows what relabelling did to a target', async () => {
  await visit('/service-discovery?pool=nobody', {}, async (page) => {
    const items = page.locator('.nx-discovered-item');
    await until(async () => (await items.count()) === 2, 'both targets are shown');
    await page.getByLabel('Result of relabelling').getByText('Dropped', {exact: false}).click();
    await until(async () => (await items.count()) === 1, 'one was dropped');
    await items.first().getByText('127.0.0.2:1').waitFor();
    await items.first().getByRole('button', {name: 'Relabelling'}).click();
    const steps = items.first().locator('.nx-step');
    await until(async () => (await steps.count()) === 2, 'each rule is shown');
    assert.match(await steps.nth(0).innerText(), /target_label: zone[^]*zone[^]*"north"/);
    assert.match(await steps.nth(1).innerText(), /action: drop[^]*drops the target/);
  });
});

test('the status of the storage leads to the series that it counts', async () => {
  await visit('/tsdb-status', {}, async (page) => {
    const names = page.getByRole('region', {name: 'Metric names with the most series'});
    const first = names.getByRole('row').first();
    const count = Number((await first.getByRole('cell').innerText()).replaceAll(',', ''));
    assert.ok(count > 10, `${count} series of one name`);
    await first.getByRole('link').click();
    await page.locator('.nx-result-table, table').first().waitFor();
    assert.match(decodeURIComponent(page.url()), /g0\.expr=\{__name__="/);
  });
  await visit('/alertmanager-discovery', {}, (page) =>
    page.getByText('http://127.0.0.1:1/api/v2/alerts').waitFor(),
  );
});

test('the status pages show version, flags and configuration', async () => {
  await visit('/status', {}, async (page) => {
    const version = page.getByRole('row', {name: 'Version'}).getByRole('cell');
    await version.waitFor();
    assert.match(await version.innerText(), /^\d+\.\d+\.\d+/);

    await page.getByRole('button', {name: 'Status'}).click();
    await page.getByRole('menuitem', {name: 'Command-line flags'}).click();
    await page.getByPlaceholder('Search flags and values').fill('lookback');
    await page.getByRole('rowheader', {name: '--query.lookback-delta'}).waitFor();

    await page.getByRole('button', {name: 'Status'}).click();
    await page.getByRole('menuitem', {name: 'Configuration'}).click();
    await page.locator('.nx-yaml-key', {hasText: 'scrape_configs'}).waitFor();
  });
});

test('links of Prometheus 2 open', async () => {
  await visit(
    '/graph?g0.expr=up&g0.tab=0&g0.range_input=5m&g0.stacked=1&g1.expr=up&g1.tab=1',
    {},
    async (page) => {
      await page.locator('.nx-chart canvas').waitFor();
      assert.equal(await page.locator('section.nx-card').count(), 2);
      assert.equal(await page.getByRole('radio', {name: 'Stacked'}).isChecked(), true);
      assert.equal(await page.locator('[aria-label="Range"] input').inputValue(), '5m');
    },
  );
});

test('panels are added, duplicated from a series, and removed', async () => {
  await visit('/query?g0.expr=up&g0.tab=table', {}, async (page) => {
    const panels = page.locator('section.nx-card');
    await page.getByRole('link', {name: 'Query this series'}).first().click();
    await until(async () => (await panels.count()) === 2, 'the series has its own panel');
    assert.match(await panels.nth(1).locator('.cm-content').innerText(), /^up\{.*instance=/);
    await panels.nth(0).getByRole('button', {name: 'More for this panel'}).click();
    await page.getByRole('menuitem', {name: 'Remove panel'}).click();
    await until(async () => (await panels.count()) === 1, 'one panel is left');
    assert.match(await panels.nth(0).locator('.cm-content').innerText(), /^up\{.*instance=/);
  });
});

test('the metrics explorer finds a metric and inserts it', async () => {
  await visit('/query', {}, async (page) => {
    await page.getByRole('button', {name: 'Explore metrics'}).click();
    await page.getByPlaceholder('Search by name, type or description').fill('samples scraped');
    await page.getByRole('option', {name: /^scrape_samples_scraped/}).waitFor();
    await page.keyboard.press('Enter');
    await until(
      async () => (await editorOf(page).innerText()).startsWith('scrape_samples_scraped'),
      'it is inserted',
    );
  });
});

test('no page is wider than a phone', async () => {
  for (const path of [
    '/query',
    '/query?g0.expr=up&g0.tab=graph',
    '/query?g0.expr=up',
    '/query?g0.expr=sum(rate(up[1m]))&g0.tab=explain',
    '/targets',
    '/service-discovery',
    '/alertmanager-discovery',
    '/status',
    '/tsdb-status',
    '/flags',
    '/config',
  ]) {
    await visit(path, {viewport: phone, isMobile: true, hasTouch: true}, async (page) => {
      await page.locator('h1').first().waitFor({state: 'attached'});
      await page.waitForLoadState('networkidle');
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(width <= phone.width, `${path} is ${width} pixels wide`);
    });
  }
});

test(
  'a server that goes away is noticed, and so is its return',
  {skip: process.env['NARTHEX_UI_URL'] !== undefined},
  async () => {
    const port = await freePort();
    const first = await startNarthex({config, port});
    await visit(
      '/query',
      {url: first.url, expectedMessage: /ERR_CONNECTION_REFUSED|Failed to load/},
      async (page) => {
        await page.getByText('Ready', {exact: true}).waitFor();
        await editorOf(page).waitFor();
        await first.stop();
        await page.getByText('Offline', {exact: true}).waitFor({timeout: 30_000});
        const second = await startNarthex({config, port});
        await page.getByText('Ready', {exact: true}).waitFor();
        await second.stop();
      },
    );
  },
);

test('the UI works below a path prefix', {skip: process.env['NARTHEX_UI_URL'] !== undefined}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-ui-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/monitoring`;
  const configFile = join(folder, 'prometheus.yml');
  writeFileSync(configFile, config.replace('PORT', String(port)));
  const {child} = await startProgram({
    name: 'narthex',
    command: join(import.meta.dirname, '../../bin/narthex'),
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--web.external-url=${url}`,
    ],
    readyUrl: `${url}/-/ready`,
  });
  try {
    await visit('/', {url}, async (page) => {
      await page.getByText('Ready', {exact: true}).waitFor();
      await run(page, '40 + 2');
      await page.getByText('42', {exact: true}).waitFor();
      assert.ok(page.url().startsWith(`${url}/query?`), page.url());
      await page.getByRole('link', {name: 'Targets', exact: true}).click();
      await page.locator('.nx-pool').first().waitFor();
      assert.equal(page.url(), `${url}/targets`);
    });
  } finally {
    await stopProgram(child);
    rmSync(folder, {recursive: true, force: true});
  }
});
