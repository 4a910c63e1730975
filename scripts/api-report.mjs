// What each door exports, with its types, as a page that is reviewed: api/*.api.md. Reads dist, so build first.
//
//   npm run api               fails when a report is not what is committed
//   npm run api -- --local    writes the reports: the change is then reviewed as a diff, and decides the version
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { entryPoints, namesOf } from './entry-points.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { Error: error, None: none } = ExtractorLogLevel;
const local = process.argv.includes('--local');

/** @param {{ subpath: string }} door */
const reportOf = ({ subpath }) => `${subpath === '.' ? 'index' : subpath.slice(2)}.api.md`;

/** @param {{ module: string }} door */
const declarationsOf = ({ module }) => path.join(root, `dist/esm/${module}.d.ts`);

/** @param {(typeof entryPoints)[number]} door */
const configOf = (door) =>
  ExtractorConfig.prepare({
    packageJsonFullPath: path.join(root, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: declarationsOf(door),
      compiler: { tsconfigFilePath: path.join(root, 'tsconfig.build.json') },
      apiReport: {
        enabled: true,
        reportFileName: reportOf(door),
        reportFolder: path.join(root, 'api'),
        reportTempFolder: path.join(root, 'build/api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        extractorMessageReporting: {
          default: { logLevel: error },
          'ae-missing-release-tag': { logLevel: none }, // all that a door names is public
          // These are typedoc's to judge (npm run docs), which has no need of a hyphen behind a parameter's name.
          'ae-undocumented': { logLevel: none },
          'ae-unresolved-link': { logLevel: none },
        },
        tsdocMessageReporting: {
          default: { logLevel: error },
          'tsdoc-param-tag-missing-hyphen': { logLevel: none },
        },
      },
    },
  });

mkdirSync(path.join(root, 'api'), { recursive: true });
const configs = entryPoints.map(configOf);
// One program for all doors: a compiler for each would take four times as long.
const compilerState = CompilerState.create(/** @type {ExtractorConfig} */ (configs[0]), {
  additionalEntryPoints: entryPoints.map(declarationsOf),
});
/** A door speaks of types that another door exports. */
const exported = entryPoints.flatMap((door) => [...namesOf(door, 'export'), ...namesOf(door, 'export type')]);
const results = configs.map((config) =>
  Extractor.invoke(config, {
    localBuild: local,
    compilerState,
    messageCallback: (message) => {
      const forgotten = message.messageId === 'ae-forgotten-export' && /"(\w+)"/.exec(message.text)?.[1];
      const progress =
        message.messageId === 'console-preamble' || message.messageId === 'console-compiler-version-notice';
      if (progress || (forgotten && exported.includes(forgotten))) message.logLevel = none;
    },
  }),
);
const unreviewed = results.some(({ apiReportChanged }) => apiReportChanged);
const stale = readdirSync(path.join(root, 'api')).filter((file) => !entryPoints.map(reportOf).includes(file));

if (stale.length > 0) console.error(`of no door: ${stale.map((file) => `api/${file}`).join(', ')}`);
if (unreviewed && !local) console.error('The API has changed. If it should: npm run api -- --local, and commit api/.');
if (stale.length > 0 || results.some(({ succeeded }) => !succeeded)) process.exit(1);
