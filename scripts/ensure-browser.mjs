// Finds the browsers that the specs will use; on Debian or Ubuntu, as root, installs Chromium where there is none.
// Karma runs in whatever there is; with --chromium it has to be that, as for the specs of the gateway.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findChrome, findFirefox } from './browsers.mjs';

const chromium = process.argv.includes('--chromium');
const found = () => [findChrome(), chromium ? undefined : findFirefox()].filter((place) => place !== undefined);

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
  const wanted = chromium ? 'Chromium, Chrome or Edge' : 'Chromium, Chrome, Edge or Firefox';
  console.error(`No browser found to run the specs in. Any of these helps:
  - install ${wanted} (Debian: apt-get install chromium; run as root, this script does that itself);
  - set CHROME_BIN${chromium ? '' : ' or FIREFOX_BIN'} to the path of a browser.`);
  process.exit(1);
}
