// Follows the links of the site as they stand in its files.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** What of the site's own links leads to no file or to no anchor. */
export function brokenLinks(site: string): string[] {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));
  const pages = new Map(files.map((file) => [path.resolve(site, file), readFileSync(path.join(site, file), 'utf8')]));
  return [...pages].flatMap(([page, html]) =>
    [...html.matchAll(/<(?:a|link|script|img)\b[^>]*?\s(?:href|src)="([^"]+)"/g)].flatMap(([, link = '']) => {
      if (/^http:/i.test(link)) return [`${path.relative(site, page)}: ${link} is not https: was it a file's name?`];
      if (/^[a-z][a-z+.-]*:/i.test(link)) return []; // another site's: not asked, for it may be down
      const [file = '', anchor = ''] = decodeURIComponent(link.replaceAll('&amp;', '&'))
        .replace(/\?[^#]*/, '')
        .split('#');
      const target = file === '' ? page : path.resolve(path.dirname(page), file);
      if (!existsSync(target)) return [`${path.relative(site, page)}: ${link} leads to no file`];
      const there = anchor === '' || !pages.has(target) || pages.get(target)!.includes(` id="${anchor}"`);
      return there ? [] : [`${path.relative(site, page)}: ${link} leads to no heading`];
    }),
  );
}
