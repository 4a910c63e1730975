// Finds a browser for Karma; on Debian or Ubuntu, as root, installs Chromium where there is none. With `--all` it does so
// for each engine, and one that cannot be had is no failure: what needs it says that it did not run.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findChrome, findFirefox, findWebKit } from './browsers.mjs';

const engines = [
  { name: 'Chromium', find: findChrome, packages: ['chromium'] },
  { name: 'Firefox', find: findFirefox, packages: ['firefox-esr'] },
  { name: 'WebKit', find: findWebKit, packages: ['webkit2gtk-driver', 'xvfb', 'xauth'] },
];
const canInstall = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/** @param {string[]} args */
function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0;
}

/** On Ubuntu, chromium and firefox are snaps, which need a running snapd. @param {string[]} packages */
function install(packages) {
  const all = ['install', '-y', '--no-install-recommends', ...packages];
  if (!apt(...all) && apt('update')) apt(...all);
}

const all = process.argv.includes('--all');
if (all || !(findChrome() ?? findFirefox())) {
  for (const { name, find, packages } of all ? engines : engines.slice(0, 1)) {
    if (!find() && canInstall) {
      console.log(`Installing ${name} with apt-get.`);
      install(packages);
    }
  }
}
for (const { name, find } of engines) {
  const found = find();
  if (found || all) console.log(`${name}: ${found ?? 'not here'}`);
}
if (!findChrome() && !findFirefox()) {
  console.error(`No browser found to run the specs in. Any of these helps:
  - install Chromium, Chrome, Edge or Firefox (Debian: apt-get install chromium; run as root, this script does that itself);
  - set CHROME_BIN or FIREFOX_BIN to the path of a browser;
  - run the specs on Node alone: npm run test:node`);
  process.exit(1);
}
