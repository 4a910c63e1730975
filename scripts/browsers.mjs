import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * @param {string} env
 * @param {string[]} names
 */
function find(env, names) {
  if (process.env[env]) {
    return process.env[env];
  }
  const dirs = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/usr/local/bin', '/snap/bin'];
  return names
    .flatMap((name) => (path.isAbsolute(name) ? [name] : dirs.map((dir) => path.join(dir, name))))
    .find((place) => existsSync(place));
}

export const findChrome = () =>
  find('CHROME_BIN', [
    'chromium',
    'chromium-browser',
    'google-chrome',
    'google-chrome-stable',
    'chrome',
    'microsoft-edge',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    'C:/Program Files/Google/Chrome/Application/chrome.exe',
    'C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe',
  ]);

export const findFirefox = () =>
  find('FIREFOX_BIN', [
    'firefox-esr',
    'firefox',
    '/Applications/Firefox.app/Contents/MacOS/firefox',
    'C:/Program Files/Mozilla Firefox/firefox.exe',
  ]);

/** WebKitGTK's MiniBrowser, as Debian's webkit2gtk-driver brings it; needs xvfb-run too. */
export const findWebKit = () =>
  find('XVFB_RUN', ['xvfb-run']) &&
  find(
    'WEBKIT_BIN',
    ['x86_64', 'aarch64'].flatMap((arch) =>
      ['4.1', '4.0', '6.0'].map((version) => `/usr/lib/${arch}-linux-gnu/webkit2gtk-${version}/MiniBrowser`),
    ),
  );
