// The playground as `npm run play` serves it, in a real browser.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import * as rxjsCtx from '../../lib/index.js';
import { findChrome } from '../../scripts/browsers.mjs';

/** They make a promise, or an async iterable, and nothing that could be drawn. */
const ofPromises = ['allCtx', 'groupCtx', 'iterateCtx', 'sleepCtx', 'untilCtx'];

describe('playground', () => {
  const longMs = 60_000;
  const complaints: string[] = [];
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const env = { ...process.env, NODE_V8_COVERAGE: '' };
    server = spawn(process.execPath, ['--import', 'tsx', 'playground/serve.ts'], { env });
    const url = await new Promise<string>((resolve, reject) => {
      let printed = '';
      const read = (chunk: Buffer) => {
        printed += chunk.toString();
        const address = /http:\S+/.exec(printed);
        if (address !== null) resolve(address[0]);
      };
      server.stdout!.on('data', read);
      server.stderr!.on('data', read);
      server.once('close', () => reject(new Error(printed)));
    });
    browser = await chromium.launch({ executablePath: findChrome()!, args: ['--no-sandbox'] });
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(url);
  }, longMs);

  afterAll(async () => {
    await browser.close();
    server.kill();
  }, longMs);

  beforeEach(async () => {
    await page.getByLabel('from').selectOption('all operators');
  });

  /** What has been typed is run beside the page. */
  const drawn = () => page.locator('#results[aria-busy="false"]').waitFor();

  const firstFault = async () => {
    await drawn();
    return page.locator('.card .fault').first().textContent();
  };

  /** What stands in the circles of the first result, and how it ends. */
  const firstResult = async () => {
    await drawn();
    const picture = page.locator('.card .picture').first();
    const letters = await picture.locator('.letter').allTextContents();
    const ends = [await picture.locator('.complete').count(), await picture.locator('.error').count()];
    return `${letters.join('')} ${ends.join(' ')}`;
  };

  it(
    'draws what every operator makes of the inputs, and complains of nothing',
    async () => {
      await drawn();
      expect(await page.locator('.card').count()).toBe(12);
      expect(await page.locator('.card svg').count()).toBe(12);
      const expressions = await page
        .locator('.card textarea')
        .evaluateAll((areas) => (areas as HTMLTextAreaElement[]).map(({ value }) => value));
      expect(expressions.map((expression) => /^\w+/.exec(expression)?.[0]).sort()).toEqual(
        Object.keys(rxjsCtx)
          .filter((name) => (name.endsWith('Ctx') && !ofPromises.includes(name)) || name === 'ctxValue')
          .sort(),
      );
      expect(await firstResult()).toBe('12 1 0');
      expect(complaints).toEqual([]);
    },
    longMs,
  );

  it(
    'draws while somebody types, in the inputs and in an expression',
    async () => {
      await page.locator('#inputs').fill('source  --1--2--3--|\nctx     ------d');
      expect(await firstResult()).toBe('12 1 0');
      await page.getByLabel('Expression', { exact: true }).first().fill('source.pipe(throwOnCtx(ctx), skip(1))');
      expect(await firstResult()).toBe('2 0 1');
    },
    longMs,
  );

  it(
    'says what is wrong with a row, and lets what was drawn before fade',
    async () => {
      await drawn();
      await page.locator('#inputs').fill('ctx  --x');
      expect(await page.locator('#fault').textContent()).toContain('has "x": c or d');
      expect(await page.locator('.faulty .card svg').count()).toBe(12);
      await page.locator('#inputs').fill('source  -1|\nctx     ---c');
      expect(await page.locator('#fault').textContent()).toBe('');
      expect(await firstResult()).toBe('1 1 0');
      expect(await page.locator('.faulty').count()).toBe(0);
    },
    longMs,
  );

  const wrong: [expression: string, fault: RegExp][] = [
    ['takeUntilCtx(nobody)', /^nobody is not defined$/],
    ['takeUntilCtx(ctx', /^missing \) after argument list$/],
    ['', /^there is no expression$/],
    ['"a"', /^this is no observable and no operator, but a$/],
    ['takeUntilCtx', /^takeUntilCtx: ctx must be a Context, got /],
    ['() => 1', /^this is a function, but no operator/],
    ['range(0, 501)', /^too much happens to be drawn: 502 marbles$/],
  ];
  for (const [expression, fault] of wrong) {
    it(
      `says what is wrong with the expression ${JSON.stringify(expression)}`,
      async () => {
        await page.getByLabel('Expression', { exact: true }).first().fill(expression);
        expect(await firstFault()).toMatch(fault);
      },
      longMs,
    );
  }

  it(
    'names the row that an operator misses',
    async () => {
      await page.locator('#inputs').fill('ctx  --c');
      expect(await firstFault()).toBe('there is no row called source, to apply an operator to');
    },
    longMs,
  );

  it(
    'says why a result failed',
    async () => {
      await page.getByLabel('Expression', { exact: true }).first().fill('source.pipe(map(() => nobody))');
      expect(await firstResult()).toBe(' 0 1');
      expect(await page.locator('.card .note').first().textContent()).toBe('nobody is not defined');
    },
    longMs,
  );

  it(
    'outlives an expression that never comes to an end',
    async () => {
      const expression = page.getByLabel('Expression', { exact: true });
      await expression.first().fill('interval(0)');
      await expression.nth(1).fill('of(8)');
      expect(await firstFault()).toBe('this does not come to an end within 3 seconds');
      expect(await page.locator('.card').nth(1).locator('.letter').allTextContents()).toEqual(['8']);
      await expression.first().fill('of(7)');
      expect(await firstResult()).toBe('7 1 0');
    },
    longMs,
  );

  it(
    'loads the diagrams of the pages, with the frame in which they are subscribed',
    async () => {
      await page.getByLabel('from').selectOption('takeUntil(leave)');
      expect(await page.getByLabel('subscribe in frame').inputValue()).toBe('4');
      expect(await firstResult()).toBe('abcde 1 0');
    },
    longMs,
  );

  it(
    'is used with the keyboard alone',
    async () => {
      await page.getByRole('button', { name: 'Add an expression' }).focus();
      await page.keyboard.press('Enter');
      await page.keyboard.type('of("z")');
      await drawn();
      expect(await page.locator('.card').last().locator('.letter').allTextContents()).toEqual(['z']);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      expect(await page.locator('.card').count()).toBe(12);
    },
    longMs,
  );

  it(
    'says that a port is taken, or none',
    async () => {
      const { port } = new URL(page.url());
      for (const [PORT, why] of [
        [port, 'address already in use'],
        ['eighty', 'must be a valid port number'],
      ] as const) {
        const env = { ...process.env, PORT, NODE_V8_COVERAGE: '' };
        const second = spawn(process.execPath, ['--import', 'tsx', 'playground/serve.ts'], { env });
        let said = '';
        second.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
        const code = await new Promise((resolve) => second.once('close', resolve));
        expect(code).toBe(1);
        expect(said).toMatch(new RegExp(`^Cannot serve on port ${PORT}: .*${why}\\nWithout PORT, .*\\n$`));
      }
    },
    longMs,
  );

  it(
    'has the library on window',
    async () => {
      const text = await page.evaluate(
        'String(rxjsCtx.withCancel(rxjsCtx.background())[0]) + typeof rxjs.interval + typeof rxjsCtxTesting.listenerCount',
      );
      expect(text).toBe('background.withCancelfunctionfunction');
    },
    longMs,
  );
});
