// Specs in real browsers: esbuild bundles every spec (except *.node.spec.ts), Karma serves the bundle.
// KARMA_BROWSERS=HeadlessChromium picks browsers, KARMA_SPECS=operators/ picks the spec files whose path has that in it.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { findChrome, findFirefox, findWebKit } from './scripts/browsers.mjs';

const root = import.meta.dirname;
const dir = path.join(root, 'build/karma', String(process.pid)); // two runs at a time do not disturb each other
const bundle = path.join(dir, 'specs.js');

// Hands esbuild's source map to Karma, so that stack traces name the .ts lines.
const sourceMap = Object.assign(
  () => (content, file, done) => {
    file.sourceMap = JSON.parse(readFileSync(`${bundle}.map`, 'utf8'));
    done(null, content);
  },
  { $inject: [] },
);

// WebKit's own small browser, which has no headless mode: it gets a display that nobody sees. Both end with their group.
const WebKit = Object.assign(
  function (baseLauncherDecorator) {
    baseLauncherDecorator(this);
    let group;
    this.name = 'WebKit';
    this.on('start', (url) => {
      const env = { ...process.env, WEBKIT_DISABLE_COMPOSITING_MODE: '1', LIBGL_ALWAYS_SOFTWARE: '1' };
      group = spawn('xvfb-run', ['-a', findWebKit(), '--private', url], { detached: true, stdio: 'ignore', env });
      group.once('error', (error) => this._done(error));
    });
    this.on('kill', (done) => {
      group.once('exit', () => done());
      process.kill(-group.pid, 'SIGTERM');
    });
  },
  { $inject: ['baseLauncherDecorator'] },
);

/** What the specs of fetch ask: theirs is the server that Node runs them against. */
async function answers() {
  const outfile = path.join(dir, 'server.mjs');
  await build({ entryPoints: [path.join(root, 'spec/adapters/http/server.ts')], format: 'esm', outfile });
  const { handle } = await import(pathToFileURL(outfile));
  return Object.assign(() => (req, res, next) => handle(req, res) || next(), { $inject: [] });
}

export default async function (config) {
  const specs = readdirSync(path.join(root, 'spec'), { recursive: true })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.spec.ts') && !file.endsWith('.node.spec.ts'))
    .filter((file) => file.includes(process.env.KARMA_SPECS ?? ''))
    .sort();
  if (specs.length === 0) throw new Error(`no specs have ${process.env.KARMA_SPECS} in their path below spec/`);
  mkdirSync(dir, { recursive: true });
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  await build({
    stdin: {
      contents: ['support/timeouts.ts', 'support/unhandled-errors.ts', ...specs]
        .map((file) => `import './spec/${file}';`)
        .join('\n'),
      resolveDir: root,
      sourcefile: 'all-specs.js',
    },
    bundle: true,
    external: ['node:*'], // of specs that run in Node too, and import it there only
    ignoreAnnotations: true, // else "sideEffects": false would drop the spec files
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    sourcemap: 'linked',
    outfile: bundle,
    logLevel: 'warning',
  });

  const chrome = findChrome();
  const firefox = findFirefox();
  if (chrome) process.env.CHROME_BIN = chrome;
  if (firefox) process.env.FIREFOX_BIN = firefox;

  config.set({
    basePath: root,
    frameworks: ['jasmine'],
    plugins: [
      'karma-jasmine',
      'karma-chrome-launcher',
      'karma-firefox-launcher',
      { 'launcher:WebKit': ['type', WebKit] },
      { 'preprocessor:source-map': ['factory', sourceMap] },
      { 'middleware:answers': ['factory', await answers()] },
    ],
    files: [
      { pattern: bundle, watched: false },
      // Data that specs fetch: /base/spec/...
      { pattern: 'spec/**/*.json*', included: false, watched: false },
    ],
    beforeMiddleware: ['answers'],
    preprocessors: { [bundle]: ['source-map'] },
    browsers: process.env.KARMA_BROWSERS?.split(',') ?? [
      ...(chrome ? ['HeadlessChromium'] : []),
      ...(firefox ? ['FirefoxHeadless'] : []),
    ],
    customLaunchers: {
      HeadlessChromium: {
        base: 'ChromeHeadless',
        flags: [
          '--no-sandbox', // containers and root have none
          '--js-flags=--expose-gc', // leak specs
          '--remote-debugging-port=0', // the launcher's fixed port would be taken by a second run
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
        ],
      },
    },
    client: {
      jasmine: { random: true, failSpecWithNoExpectations: true, forbidDuplicateNames: true },
    },
    reporters: ['dots'],
    logLevel: config.LOG_WARN,
    hostname: '127.0.0.1',
    listenAddress: '127.0.0.1',
    browserNoActivityTimeout: 60_000,
    pingTimeout: 30_000, // a busy browser on a busy machine
    autoWatch: false,
    singleRun: true,
  });
}
