// The gateway from end to end: in a process of its own, with a real browser.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { backendNames, type Mark, type Totals } from '../../gateway/protocol.js';
import { findChrome } from '../../scripts/browsers.mjs';

interface Gateway {
  readonly url: string;
  /** What it has printed. */
  readonly printed: () => string;
  /** Sends a signal; resolves with the exit code. */
  readonly stop: (signal: NodeJS.Signals) => Promise<number | null>;
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<'start', string> };

/** As `npm start` does, in a process of its own. */
async function startGateway(port = '0'): Promise<Gateway> {
  const [, ...args] = scripts.start.split(' ');
  const child = spawn(process.execPath, args, { env: { ...process.env, PORT: port, NODE_V8_COVERAGE: '' } });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      const address = /http:\S+/.exec(printed);
      if (address !== null) resolve(address[0]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void ended.then(() => reject(new Error(printed)));
  });
  const stop = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return { url, printed: () => printed, stop };
}

/** Watches as a page does: the marks so far, until the signal. */
async function watch(gateway: Gateway, signal: AbortSignal): Promise<readonly Mark[]> {
  const { body } = await fetch(`${gateway.url}/events?viewer=spec`, { signal });
  const marks: Mark[] = [];
  const read = async () => {
    let rest = '';
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      const events = (rest + chunk).split('\n\n');
      rest = events.pop()!;
      for (const event of events) {
        const [, data] = /^event: marks\ndata: (.*)/.exec(event) ?? [];
        if (data !== undefined) marks.push(...(JSON.parse(data) as Mark[]));
      }
    }
  };
  read().catch(() => undefined); // aborted
  return marks;
}

/** Waits for a condition, not for a time: the machine may be busy. */
async function until<T>(look: () => T | Promise<T>, good: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = await look();
    if (good(seen)) return seen;
    await sleep(5);
  }
}

describe('gateway', () => {
  const longMs = 60_000;
  const complaints: string[] = [];
  let gateway: Gateway;
  let browser: Browser;
  let page: Page;
  /** Ends what watches the gateway besides the page. */
  let leaving: AbortController;

  const totals = async () => (await (await fetch(`${gateway.url}/counters`)).json()) as Totals;
  const search = (text: string) => page.locator(`.search:has(.request .what:text-is("${text}"))`).first();
  const inState = (of: Locator, state: string) => of.and(page.locator(`[data-state=${state}]`)).waitFor();
  const callStates = async (of: Locator) =>
    Object.fromEntries(
      await of.locator('.call').evaluateAll((calls: HTMLElement[]) => calls.map(({ dataset: d }) => [d.from, d.state])),
    ) as Record<string, string>;
  const count = async (state: string) => Number(await page.locator(`#legend [data-state=${state}] b`).textContent());
  /** In whatever state they are by now. */
  const started = async () => {
    const counts = await page.locator('#legend b').allTextContents();
    return counts.reduce((all, count) => all + Number(count), 0);
  };
  /** With a backend that hangs, a search does not end before somebody ends it. */
  const setTrouble = (trouble: string) => page.locator('#trouble').selectOption(trouble);
  /** 0 is 50 ms, 100 is 10 s. */
  const setDeadline = (slider: number) => page.locator('#deadline').fill(String(slider));
  const type = (text: string) => page.locator('#text').fill(text);

  /** What has moved about in the page without being asked to, from its first paint on. */
  const shifts = () =>
    page.evaluate(async () => {
      const seen: unknown[] = [];
      new PerformanceObserver((list) => seen.push(...list.getEntries())).observe({
        type: 'layout-shift',
        buffered: true,
      });
      await new Promise((resolve) => setTimeout(resolve, 100)); // it tells later
      return seen;
    });

  /** Pictures for whoever wants to look at them. */
  async function picture(name: string, ...widths: number[]): Promise<void> {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `build/gateway-${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
    }
  }

  beforeAll(async () => {
    const chrome = findChrome();
    if (chrome === undefined) throw new Error('Chromium is missing: node scripts/ensure-browser.mjs --chromium');
    mkdirSync('build', { recursive: true });
    const args = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'];
    [gateway, browser] = await Promise.all([startGateway(), chromium.launch({ executablePath: chrome, args })]);
  }, longMs);

  afterAll(async () => {
    await browser.close();
    expect(await gateway.stop('SIGTERM')).toBe(0);
    expect(gateway.printed()).toMatch(/^Open .*\nEnded: .*\n$/); // no complaint
  }, longMs);

  beforeEach(async () => {
    leaving = new AbortController();
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('pageerror', (error) => complaints.push(String(error)));
    // The browser itself notes a response that was cut, as by a deadline, and a gateway that is gone.
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' && !text.startsWith('Failed to load resource')) complaints.push(text);
    });
    await page.goto(gateway.url);
    await page.locator('#link[data-state=connected]').waitFor();
  }, longMs);

  afterEach(async () => {
    leaving.abort();
    await page.close();
    expect(complaints.splice(0)).toEqual([]);
    await until(totals, ({ contexts }) => contexts === 0);
  }, longMs);

  it(
    'draws a search and its three calls until they complete',
    async () => {
      await setDeadline(100);
      await type('oak');
      const oak = search('oak');
      await inState(oak, 'completed');
      expect(await callStates(oak)).toEqual({ catalogue: 'completed', prices: 'completed', reviews: 'completed' });
      expect(await oak.locator('.call .dot').count()).toBe(24);
      expect(await oak.locator('.request .dot').count()).toBe(24);
      expect(await oak.locator('[href="#mark-completed"]').count()).toBe(4);
      expect(await oak.locator('.request .left').getAttribute('width')).toMatch(/^[1-9][\d.]*%$/);
      expect(await page.locator('#outcome').textContent()).toMatch(/^24 rows in .*s\.$/);
      expect(await page.locator('#results li').first().textContent()).toMatch(/^Oak desk★ \d\.\d€\d+$/);
    },
    longMs,
  );

  it(
    'tells the gateway how much time a search has: in a browser nobody does that by itself',
    async () => {
      await setDeadline(60); // 1.2 s
      const asked = page.waitForRequest(/\/search\?/);
      await type('oak');
      const ms = Number((await (await asked).allHeaders())['connect-timeout-ms']);
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThan(1_300);
    },
    longMs,
  );

  it(
    'cancels a search when the next key is pressed, and its backends stop within 100 ms',
    async () => {
      const marks = await watch(gateway, leaving.signal);
      const ended = (lane: string) =>
        marks.filter((mark) => mark.mark === 'end').find((mark) => mark.lane === lane && mark.from === undefined)?.how;
      const keys = await page.evaluateHandle(() => {
        const times: number[] = [];
        document.addEventListener('input', () => times.push(Date.now()), { capture: true });
        return times;
      });
      const before = await totals();
      await setDeadline(100);
      await setTrouble('reviews hangs');

      const stops = () => marks.filter((mark) => mark.mark === 'stopped');

      /** How long it takes from a key in the browser to the last backend that hears of it: two processes, three threads. */
      const typeFast = async () => {
        await type('');
        await keys.evaluate((times) => times.splice(0));
        const { stopped } = (await totals()).backends.reviews;
        for (const [i, key] of Array.from('linen').entries()) {
          await page.locator('#text').press(key);
          // The one before is gone from the backend that hangs, so it is this one that has come to it.
          await until(totals, ({ backends: { reviews } }) => reviews.stopped === stopped + i && reviews.contexts === 1);
        }
        await page.keyboard.press('Escape');
        // What is left is of the page and of this spec; and what a backend has counted, it has also told.
        await until(totals, (now) => now.contexts === 2 && stops().length === now.stopped - before.stopped);

        const lanes = marks.filter((mark) => mark.mark === 'request').map(({ lane }) => lane);
        const superseded = lanes.slice(-5, -1);
        expect(superseded.map(ended)).toEqual(['canceled', 'canceled', 'canceled', 'canceled']);
        const pressed = await keys.jsonValue();
        const own = stops().filter(({ lane }) => superseded.includes(lane));
        expect(own.filter(({ from }) => from === 'reviews').length).toBe(4);
        return Math.max(...own.map(({ lane, at }) => at - pressed[superseded.indexOf(lane) + 1]!));
      };

      // A machine that is busy with other things may be late once, but not each time.
      let slowestMs = await typeFast();
      for (let more = 9; more > 0 && slowestMs >= 100; more--) slowestMs = await typeFast();
      expect(slowestMs).toBeLessThan(100);
      await inState(search('line'), 'canceled');
      expect(await search('line').locator('.how').first().textContent()).toBe('client gone: superseded');
      expect(await callStates(search('line'))).toEqual(jasmine.objectContaining({ reviews: 'canceled' }));

      const after = await totals();
      for (const name of backendNames) {
        const own = stops().filter(({ from }) => from === name);
        const saved = own.reduce((rows, stop) => rows + stop.total - stop.rows, 0);
        expect(after.backends[name].stopped - before.backends[name].stopped)
          .withContext(name)
          .toBe(own.length);
        expect(after.backends[name].saved - before.backends[name].saved)
          .withContext(name)
          .toBe(saved);
      }
      expect(after.saved).toBeGreaterThan(before.saved);
    },
    longMs,
  );

  it(
    'shows that the deadline was exceeded on the request and on every call',
    async () => {
      await setDeadline(60); // 1.2 s
      await setTrouble('all hang');
      await type('lamp');
      const lamp = search('lamp');
      await inState(lamp, 'deadline');
      expect(await callStates(lamp)).toEqual({ catalogue: 'deadline', prices: 'deadline', reviews: 'deadline' });
      expect(await lamp.locator('[href="#mark-deadline"]').count()).toBe(4);
      expect(await lamp.locator('.how').first().textContent()).toBe('deadline exceeded');
      expect(await page.locator('#outcome').textContent()).toMatch(/^Deadline exceeded, \d+ rows? came\.$/);
    },
    longMs,
  );

  it(
    'is honest when a backend fails: the others are canceled because of that, and the search fails',
    async () => {
      await setDeadline(100);
      await setTrouble('prices breaks off');
      await type('desk');
      const desk = search('desk');
      await inState(desk, 'failed');
      expect(await callStates(desk)).toEqual(jasmine.objectContaining({ prices: 'failed', reviews: 'canceled' }));
      expect(await desk.locator('.how').first().textContent()).toMatch(/^prices: /);
      await setDeadline(30);
      await setTrouble('none');
      await type('des');
      await inState(search('des'), 'deadline');
      await setDeadline(100);
      for (const text of ['l', 'la', 'lam', 'lamp']) await type(text);
      await inState(search('lamp'), 'completed');
      const results = page.locator('#results [data-known=true]');
      await until(
        () => results.count(),
        (known) => known === 8, // what the search itself brings, besides what is drawn of it
      );
      await type('lamppost');
      await inState(search('lamppost'), 'completed');
      await until(
        () => results.count(),
        (known) => known === 0, // those of the search before are no answer to this one
      );
      await type('lamp');
      await inState(search('lamp'), 'completed');
      await picture('searches', 1280, 390);
    },
    longMs,
  );

  it(
    'draws 200 searches at once, cancels all, and keeps only what is seen in the document',
    async () => {
      await setDeadline(100);
      await setTrouble('reviews hangs');
      await page.locator('[data-start="200"]').click();
      expect(await until(started, (all) => all >= 200)).toBe(200);
      expect(await page.locator('.search').count()).toBeLessThan(12);
      await page.locator('#cancel-all').click();
      await until(
        () => count('running'),
        (running) => running === 0,
      );
      expect((await count('canceled')) + (await count('deadline'))).toBe(200); // of these 0, on most machines
      await until(totals, ({ contexts }) => contexts === 1); // this page's
      const hows = page.locator('.search .request .how');
      await until(
        () => hows.allTextContents(),
        (words) => words.every((how) => /^client gone: canceled by hand$|^deadline exceeded$/.test(how)),
      );
      await picture('200', 1280);

      await page.locator('#cells i').first().click(); // shows the first search, which is the last in the list
      const scrolled = () => page.locator('#scroller').evaluate(({ scrollTop }) => scrollTop);
      expect(await until(scrolled, (top) => top > 0)).toBeGreaterThan(10_000);
      expect(await page.locator('.search').count()).toBeLessThan(12);
    },
    longMs,
  );

  it(
    'ends everything when the tab is closed: no context and no timer is left',
    async () => {
      await setDeadline(100);
      await setTrouble('reviews hangs');
      await page.locator('[data-start="10"]').click();
      await type('wool');
      await until(totals, ({ contexts }) => contexts > 50);
      await page.close();
      const left = await until(totals, ({ contexts }) => contexts === 0);
      expect(left.viewers).toBe(0);
      expect(await until(totals, ({ timers }) => timers === 0)).toEqual(
        jasmine.objectContaining({ contexts: 0, timers: 0 }),
      );
    },
    longMs,
  );

  it(
    'moves nothing about while it works, and is operated by keyboard alone',
    async () => {
      const { keyboard } = page;
      const running = async () => (await count('running')) > 0;
      await setDeadline(99);
      await setTrouble('reviews hangs');
      await page.locator('#text').focus();
      await keyboard.insertText('oak');
      await until(running, Boolean);
      await keyboard.press('Escape');
      await inState(search('oak'), 'canceled');
      expect(await search('oak').locator('.how').first().textContent()).toBe('client gone: canceled by hand');
      await keyboard.press('Tab');
      await keyboard.press('End'); // the longest deadline
      expect(await page.locator('#deadline-shown').textContent()).toBe('10.0 s');

      const reached = new Set<string>();
      const press = async (label: string) => {
        for (let tabs = 0; tabs < 50; tabs++) {
          await keyboard.press('Tab');
          const focused = await page.evaluate(() => {
            const { ariaLabel, id, textContent } = document.activeElement!;
            return ariaLabel ?? (id || textContent);
          });
          reached.add(focused);
          if (focused.startsWith(label)) return keyboard.press('Enter');
        }
        return undefined;
      };
      await press('1');
      await until(running, Boolean);
      await press('Cancel the search');
      // The button is gone, and whoever was on it is still in the list.
      await page.locator('#scroller:focus').waitFor();
      expect(await count('canceled')).toBe(2);
      const hows = await page.locator('.search[data-state=canceled] .request .how').allTextContents();
      expect(hows).toEqual(['client gone: canceled by hand', 'client gone: canceled by hand']);
      expect([...reached]).toEqual(jasmine.arrayContaining(['200', 'cancel-all', 'trouble', 'scroller']));
      expect(await shifts()).toEqual([]);
    },
    longMs,
  );

  it(
    'moves nothing about on a narrow screen either, and has room for long words',
    async () => {
      await page.setViewportSize({ width: 390, height: 800 });
      await page.reload();
      await page.locator('#link[data-state=connected]').waitFor();
      const words = 'a table of walnut, or else of oak, for eight people at most';
      await type(words);
      await inState(search(words), 'completed');
      await page.locator('[data-start="10"]').click();
      await until(started, (all) => all === 11);
      expect(await shifts()).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      const [what, how] = await Promise.all(
        ['.what', '.how'].map((part) => search(words).locator(`.request ${part}`).boundingBox()),
      );
      expect(what!.x + what!.width).toBeLessThanOrEqual(how!.x);
    },
    longMs,
  );

  it(
    'shows what others search for, without a button to cancel it',
    async () => {
      await setTrouble('reviews hangs');
      await setDeadline(100);
      const other = await browser.newPage();
      await other.goto(gateway.url);
      await other.locator('#link[data-state=connected]').waitFor();
      await type('oak');
      const seen = other.locator('.search[data-state=running]');
      await seen.waitFor();
      expect(await seen.locator('.cancel').isVisible()).toBeFalse();
      await page.bringToFront(); // one behind another may draw nothing
      await search('oak').locator('.cancel').click(); // once it is visible
      await inState(search('oak'), 'canceled');
      await other.close();
    },
    longMs,
  );

  it(
    'ends on a signal: searches in flight finish, the page says that it is gone, and the process ends by itself',
    async () => {
      const own = await startGateway();
      await page.goto(own.url);
      await page.locator('#link[data-state=connected]').waitFor();
      const response = await fetch(`${own.url}/search?q=oak&lane=last`);
      const code = own.stop('SIGINT'); // a price is there, the last review comes a second later
      expect((await response.text()).trimEnd().split('\n').length).toBe(24);
      expect(await code).toBe(0);
      expect(own.printed()).toMatch(/^Open .*\nEnded: 2 requests finished, 0 cut\.\n$/);
      await page.locator('#link[data-state=lost]').waitFor();
      expect(await page.locator('#outcome').textContent()).toBe('The gateway does not answer.');

      // Started again, it finds the page that was left open.
      const again = await startGateway(new URL(own.url).port);
      await page.locator('#link[data-state=connected]').waitFor();
      expect(await started()).toBe(0);
      await again.stop('SIGINT');
    },
    longMs,
  );

  it(
    'says so when its port is taken',
    async () => {
      const { port } = new URL(gateway.url);
      await expectAsync(startGateway(port)).toBeRejectedWithError(
        /^Cannot listen on port \d+: .*in use.*\nWithout PORT/,
      );
    },
    longMs,
  );
});
