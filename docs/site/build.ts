// Builds the documentation: build/site/index.html opens from the file system, and nothing is fetched to make or to read it.
// Fails on an export without a comment, on a link that leads nowhere, and on a diagram that is malformed.
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Application, LogLevel, PageEvent, ReflectionGroup } from 'typedoc';
import type { DeclarationReflection, TypeDocOptions } from 'typedoc';
import { draw } from '../../diagrams/draw.js';
import { isDiagram, parse } from '../../diagrams/parse.js';
import { entryPoints } from '../../scripts/entry-points.mjs';
import { brokenLinks } from './links.js';
import { pictures } from './pictures.js';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const out = 'build/site';
const css = 'build/site.css';

/** In the order in which they are read: these, then the API, then what is about the project. */
const guides = [
  'docs/start-here.md',
  'docs/coming-from-go.md',
  'docs/coming-from-abortsignal.md',
  'docs/coming-from-takeuntil.md',
  'docs/recipes.md',
  'docs/http.md',
  'docs/grpc.md',
  'docs/connect.md',
  'docs/retry.md',
  'docs/testing.md',
  'docs/debugging.md',
  'docs/eslint.md',
  'docs/eslint-no-lost-cancel.md',
  'docs/eslint-ctx-first-parameter.md',
  'docs/eslint-prefer-ctx-signal.md',
  'docs/eslint-no-ctx-in-field.md',
  'docs/databases.md',
  'docs/how-it-works.md',
  'docs/performance.md',
  'docs/upgrading.md',
  'bench/README.md',
  'docs/guarantees.md',
];
const papers = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
const pages = [...guides, ...papers];

mkdirSync('build', { recursive: true });
for (const [file, svg] of Object.entries(pictures())) writeFileSync(`docs/pictures/${file}`, svg); // committed, for readers of the sources
writeFileSync(
  css,
  ['diagrams/diagrams.css', 'docs/site/site.css'].map((file) => readFileSync(file, 'utf8')).join('\n'),
);

const options: TypeDocOptions = {
  name: 'rxjs-ctx',
  entryPoints: entryPoints.map(({ module }) => `lib/${module}.ts`),
  tsconfig: 'tsconfig.build.json',
  readme: 'README.md',
  projectDocuments: pages,
  out,
  customCss: css,
  markdownItLoader: drawDiagrams,
  markdownItOptions: { html: true, linkify: false }, // CHANGELOG.md is a file, and no host in Moldova
  highlightLanguages: ['typescript', 'sh', 'go', 'html', 'json', 'diff'],
  disableSources: true,
  hideGenerator: true,
  useFirstParagraphOfCommentAsSummary: true,
  searchInDocuments: true,
  searchInComments: true,
  navigation: { includeCategories: false, includeGroups: false, includeFolders: false },
  sort: ['documents-first', 'kind', 'alphabetical'],
  sortEntryPoints: false,
  validation: { notExported: true, invalidLink: true, invalidPath: true, notDocumented: true },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  logLevel: LogLevel.Warn,
};

const app = await Application.bootstrap(options);
const project = await app.convert();
if (project === undefined) throw new Error('the sources do not compile');
project.children?.forEach((door, index) => {
  const { specifier, module } = entryPoints[index]!;
  door.name = specifier;
  arrange(door, module);
});
// Documents come sorted by the names of their files, and are shown in the order of `pages`, by their headings.
const titles = pages.map((page) => titleOf(readFileSync(page, 'utf8')));
for (const page of project.documents ?? []) page.name = titleOf(page.content.map(({ text }) => text).join(''));
insertReport();
const byPage = (a: { name: string }, b: { name: string }) => titles.indexOf(a.name) - titles.indexOf(b.name);
const documents = project.documents?.sort(byPage) ?? [];
project.childrenIncludingDocuments = [
  ...documents.slice(0, guides.length),
  ...(project.children ?? []),
  ...documents.slice(guides.length),
];
for (const group of project.groups ?? []) if (group.title === 'Documents') group.children.sort(byPage);
app.renderer.on(PageEvent.END, (page: PageEvent) => {
  page.contents &&= page.contents
    .replace(/href="[^"]*icons\.svg#/g, 'href="#') // in every page already; out of another file it may not come under file:
    .replace(/(href="[^"]*media\/[^"]+\.ts)"/g, '$1.txt"'); // to many a browser .ts is a film
});
app.validate(project);
await app.generateOutputs(project);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1);
for (const file of readdirSync(`${out}/media`)) {
  if (file.endsWith('.ts')) renameSync(`${out}/media/${file}`, `${out}/media/${file}.txt`);
}
const broken = brokenLinks(out);
for (const link of broken) app.logger.error(link);
if (broken.length > 0) process.exit(1);
console.log(`${out}/index.html`);

/** A door shows its names as it lists them: in reading order, under what they are for. */
function arrange(door: DeclarationReflection, module: string): void {
  const lists = readFileSync(`lib/${module}.ts`, 'utf8').matchAll(/^export (type )?\{(.*?)\} from '(.*?)'/gms);
  const groups = new Map(
    ['Contexts', 'Operators', 'Functions', 'Errors', 'Types'].map((title) => [title, [] as string[]]),
  );
  for (const [, type, names = '', file = ''] of lists) {
    for (const [, name = ''] of names.matchAll(/(?:\w+ as )?(\w+)/g))
      groups.get(titleFor(name, type, file))!.push(name);
  }
  const children = door.children ?? [];
  door.groups = [...groups].map(([title, names]) => {
    const group = new ReflectionGroup(title, door);
    group.children = names.map((name) => children.find((child) => child.name === name)!);
    return group;
  });
  door.groups = door.groups.filter((group) => group.children.length > 0);
  door.children = door.groups.flatMap((group) => group.children as DeclarationReflection[]);
  door.childrenIncludingDocuments = door.children;
}

function titleFor(name: string, type: string | undefined, file: string): string {
  if (type !== undefined) return 'Types';
  if (/Error$|^is/.test(name)) return 'Errors';
  if (/operators|observables/.test(file)) return 'Operators';
  return /core|withCancelOn/.test(file) ? 'Contexts' : 'Functions';
}

/** The tables of the last benchmarks are written into one page and shown on two. */
function insertReport(): void {
  const [, report = ''] =
    /<!-- report: .*? -->([^]*)<!-- end of the report -->/.exec(readFileSync('bench/README.md', 'utf8')) ?? [];
  const parts = project!.documents?.find(({ name }) => name === 'Performance')?.content ?? [];
  for (const part of parts) part.text = part.text.replace(/<!-- the report of .*? -->/, () => report);
}

function titleOf(markdown: string): string {
  return /^# (.+)$/m.exec(markdown)?.[1] ?? '';
}

interface MarkdownIt {
  readonly renderer: { readonly rules: { fence?: (tokens: Token[], index: number, ...rest: unknown[]) => string } };
}

interface Token {
  readonly info: string;
  readonly content: string;
}

/** Draws the code blocks that are diagrams, and leaves the others to the rule that was there. */
function drawDiagrams({ renderer: { rules } }: MarkdownIt): void {
  const { fence } = rules;
  if (fence === undefined) throw new Error('markdown-it has no rule for code blocks');
  rules.fence = (tokens, index, ...rest) => {
    const { info, content } = tokens[index]!;
    return info === 'text' && isDiagram(content) ? draw(parse(content), content) : fence(tokens, index, ...rest);
  };
}
