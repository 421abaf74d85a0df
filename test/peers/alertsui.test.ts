// The pages of alerting in a real browser: an alert fires, is silenced from its page, and the silence ends.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after, before} from 'node:test';
import type {Browser, Page} from 'playwright-core';
import {launchBrowser} from '../lib/browser.ts';
import {startNarthex, type StartedServer} from '../lib/narthex.ts';

const rules = `
groups:
  - name: availability
    interval: 1s
    rules:
      - alert: TargetDown
        expr: up == 0
        labels: {severity: page}
        annotations: {summary: '{{ $labels.job }} is down'}
      - record: job:up:sum
        expr: sum by (job) (up)
      - record: job:broken
        expr: up * on (team) group_left () up
`;
const alertmanagerConfig = `
route:
  receiver: everybody
  routes: [{matchers: [severity="page"], receiver: pager}]
receivers: [{name: everybody}, {name: pager}]
`;

let folder: string;
let server: StartedServer;
let browser: Browser;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'narthex-alerts-'));
  writeFileSync(join(folder, 'rules.yml'), rules);
  writeFileSync(join(folder, 'alertmanager.yml'), alertmanagerConfig);
  const config = `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [${join(folder, 'rules.yml')}]
scrape_configs:
  - job_name: nobody
    static_configs: [{targets: ['127.0.0.1:1', '127.0.0.1:2'], labels: {team: web}}]
`;
  const flags = [`--alertmanager.config.file=${join(folder, 'alertmanager.yml')}`];
  server = await startNarthex({config, flags});
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, {recursive: true, force: true});
});

async function visit(path: string, locale: string, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, locale});
  context.setDefaultTimeout(20_000);
  const failures: string[] = [];
  const page = await context.newPage();
  page.on('pageerror', (error) => failures.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') failures.push(message.text());
  });
  try {
    await page.goto(`${server.url}${path}`);
    await use(page);
  } finally {
    await context.close();
  }
  assert.deepEqual(failures, []);
}

test('an alert is silenced from its page, and the silence is ended', async () => {
  await visit('/alerts', 'en-US', async (page) => {
    const row = page.getByRole('row').filter({hasText: '127.0.0.1:1'});
    await row.filter({hasText: 'Firing'}).waitFor();
    assert.match(await row.innerText(), /nobody is down/);
    await row.getByRole('link', {name: 'Silence'}).click();

    // Its labels are filled in, and the preview has just this alert.
    await page.getByText('1 alert matches now').waitFor();
    await page.getByRole('button', {name: 'Silence'}).click();
    await page.getByText('Say who you are').waitFor();
    await page.getByLabel('Your name').fill('hanako');
    await page.getByLabel('Why').fill('maintenance');
    await page.getByRole('button', {name: '8h'}).click();
    await page.getByRole('button', {name: 'Silence'}).click();

    const card = page.locator('.nx-silence').filter({hasText: 'maintenance'});
    await card.waitFor();
    assert.match(await card.innerText(), /by hanako[^]*ends in (8h|7h 59m)/);

    await page.getByRole('link', {name: 'Alerts'}).click();
    await page.getByRole('row').filter({hasText: '127.0.0.1:1'}).getByText('silenced').click();
    await page.locator('.nx-silence').waitFor();
    await page.getByRole('button', {name: 'Expire'}).click();
    await page.getByRole('button', {name: 'Really expire?'}).click();
    await page.getByText('No silence matches the search.').waitFor();
  });
});

test('the rules page shows errors, and leads to the query page', async () => {
  await visit('/rules', 'ja-JP', async (page) => {
    await page.getByText('3 件中 1 件がエラー').waitFor();
    await page.locator('label', {hasText: '評価エラー'}).click();
    await page.getByText('many-to-many matching not allowed').waitFor();
    assert.equal(await page.locator('.nx-rule').count(), 1);
    await page.locator('label', {hasText: 'すべて'}).click();
    await page.getByText('sum by (job) (up)').click();
    await page.waitForURL(/\/query\?g0\.expr=sum\+by\+%28job%29\+%28up%29/);
  });
});

test('the routing page shows the way of an alert', async () => {
  await visit('/routing', 'en-US', async (page) => {
    await page.getByText('every alert').waitFor();
    await page.getByLabel('Labels of an alert').fill('severity=page');
    const pager = page.locator('.nx-route').filter({hasText: 'pager'});
    // Neither receiver has an integration.
    await pager.locator('.nx-health[data-health="none"]', {hasText: 'notifies nobody'}).waitFor();
    await page.getByLabel('Labels of an alert').fill('severity=ticket');
    await page.locator('.nx-route').filter({hasText: 'everybody'}).getByText('notifies nobody').waitFor();
  });
});

test('the routing page says why an alert is silent', async () => {
  await visit('/alerts', 'en-US', async (page) => {
    const row = page.getByRole('row').filter({hasText: '127.0.0.1:2'});
    await row.getByText('Who is notified?').click();
    await page.getByText('pager: the receiver notifies nobody').waitFor();
    await page.getByText('the receiver pager has no integrations.').waitFor();
  });
});

test('a rule is tested over the stored history', async () => {
  await visit('/alerts', 'ja-JP', async (page) => {
    await page.getByText('バックテスト').first().click();
    const rule = page.getByLabel('ルール', {exact: true});
    assert.match(await rule.inputValue(), /^alert: "TargetDown"\nexpr: \|\n {2}up == 0\nlabels:/);
    const range = page.locator('[aria-label="期間"] input');
    await range.fill('1m');
    // Enter would run it, and the click once more: the first result would be taken away again.
    await range.press('Tab');
    await page.getByRole('button', {name: '実行'}).click();
    await page.locator('.nx-backtest-bar[data-state="firing"]').first().waitFor();
    assert.equal(await page.locator('.nx-backtest-line').count(), 2);
    await rule.fill('alert: Never\nexpr: up > 1');
    await page.getByRole('button', {name: '実行'}).click();
    await page.getByText('保留中にも発報中にもなりませんでした').waitFor();
  });
});

test('the history of notifications is empty while nobody was notified', async () => {
  await visit('/notifications', 'en-US', async (page) => {
    await page.getByText('No notification yet').waitFor();
  });
});

test('no page of alerting is wider than a phone', async () => {
  const context = await browser.newContext({viewport: {width: 390, height: 844}, locale: 'ja-JP'});
  const page = await context.newPage();
  for (const path of [
    '/alerts',
    '/rules',
    '/silences',
    '/silence?matcher=a%3D%22b%22',
    '/routing',
    '/notifications',
    '/backtest',
  ]) {
    await page.goto(`${server.url}${path}`);
    await page.locator('h1').waitFor();
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    assert.ok(width <= 390, `${path} is ${width} wide`);
  }
  await context.close();
});
