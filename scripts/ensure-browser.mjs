// Finds the browsers that the specs will use; on Debian or Ubuntu, as root, installs what is missing.
// Karma runs in whatever there is. With --chromium it has to be that, as for the specs of the gateway; with --all each engine
// is looked for, and one that cannot be had is no failure: what needs it says that it did not run.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findChrome, findFirefox, findWebKit } from './browsers.mjs';

const engines = [
  { name: 'Chromium', find: findChrome, packages: ['chromium'] },
  { name: 'Firefox', find: findFirefox, packages: ['firefox-esr'] },
  { name: 'WebKit', find: findWebKit, packages: ['webkit2gtk-driver', 'xvfb', 'xauth'] },
];
const chromium = process.argv.includes('--chromium');
const all = process.argv.includes('--all');
const enough = () => findChrome() ?? (chromium ? undefined : findFirefox());
const canInstall = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/** @param {string[]} args */
function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0;
}

/** On Ubuntu chromium is a snap, which needs a running snapd. @param {(typeof engines)[number]} engine */
function install({ name, packages }) {
  console.log(`Installing ${name} with apt-get.`);
  const wanted = ['install', '-y', '--no-install-recommends', ...packages];
  if (!apt(...wanted) && apt('update')) apt(...wanted);
}

if (canInstall && (all || !enough())) {
  for (const engine of all ? engines : engines.slice(0, 1)) if (!engine.find()) install(engine);
}
for (const { name, find } of engines) {
  const found = find();
  if (found || all) console.log(`${name}: ${found ?? 'not here'}`);
}
if (!enough()) {
  const wanted = chromium ? 'Chromium, Chrome or Edge' : 'Chromium, Chrome, Edge or Firefox';
  console.error(`No browser found to run the specs in. Any of these helps:
  - install ${wanted} (Debian: apt-get install chromium; run as root, this script does that itself);
  - set CHROME_BIN${chromium ? '' : ' or FIREFOX_BIN'} to the path of a browser.`);
  process.exit(1);
}
