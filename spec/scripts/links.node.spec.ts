import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brokenLinks } from '../../docs/site/links.js';

describe('brokenLinks', () => {
  it('finds the links of a site that lead to no file and to no heading', () => {
    const site = mkdtempSync(path.join(tmpdir(), 'site-'));
    mkdirSync(path.join(site, 'pages'));
    const index =
      '<a href="pages/one.html#there">1</a> <a class="x" href="pages/one.html#gone">2</a> <img alt="" src="none.png">' +
      '<a href="https://example.org/nowhere">3</a> <a href="http://README.md">README.md</a> <a href="#here" id="here">4</a> <script src="main.js?v=1"></script>';
    writeFileSync(path.join(site, 'index.html'), index);
    writeFileSync(path.join(site, 'main.js'), '');
    writeFileSync(
      path.join(site, 'pages/one.html'),
      '<h2 id="there"></h2><a href="../index.html">up</a><a href="two.html">2</a>',
    );
    expect(brokenLinks(site).sort()).toEqual([
      "index.html: http://README.md is not https: was it a file's name?",
      'index.html: none.png leads to no file',
      'index.html: pages/one.html#gone leads to no heading',
      `pages${path.sep}one.html: two.html leads to no file`,
    ]);
    rmSync(site, { recursive: true });
  });
});
