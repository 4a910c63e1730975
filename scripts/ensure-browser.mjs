// Finds the browsers that Karma will use; on Debian or Ubuntu, as root, installs Chromium where there is none.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findChrome, findFirefox } from './browsers.mjs';

const found = () => [findChrome(), findFirefox()].filter((place) => place !== undefined);

/** @param {string[]} args */
function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', args, { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0;
}

if (found().length === 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
  console.log('No browser found: installing Chromium with apt-get.');
  // The package is called chromium on Debian; on Ubuntu that name is a snap, which needs a running snapd.
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', 'chromium');
}

if (found().length > 0) {
  console.log(`Browsers: ${found().join(', ')}`);
} else {
  console.error(`No browser found to run the specs in. Any of these helps:
  - install Chromium, Chrome, Edge or Firefox (Debian: apt-get install chromium; run as root, this script does that itself);
  - set CHROME_BIN or FIREFOX_BIN to the path of a browser;
  - run the specs on Node alone: npm run test:node`);
  process.exit(1);
}
