// Who may import whom in lib, type imports included. `spec/layers.node.spec.ts` runs it.

/** The files of lib/core, from the top down: each imports only from those above it. */
const core = [
  'errors',
  'invalidArgument',
  'key',
  'context',
  'listenerList',
  'probe',
  'cancellation',
  'timer',
  'contextNode',
  'foreign',
  'derive',
  'deadline',
  'link',
];

/** @param {string[]} names */
const anyOf = (names) => `(${names.join('|')})`;

const entryPoints = '^lib/(index|core|adapters/[^/]+|(testing|debug|eslint)/index)[.]ts$';
const notEntryPoints = '^lib/adapters/(rxjs7|withCancelOn)[.]ts$';
const worlds = '^lib/adapters/([^/.]+)';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nobody imports an entry point',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: entryPoints, pathNot: notEntryPoints },
    },
    ...core.map((name, index) => ({
      name: `core/${name} imports only from above`,
      severity: /** @type {const} */ ('error'),
      from: { path: `^lib/core/${name}[.]ts$` },
      to: { pathNot: [`^lib/core/${anyOf(core.slice(0, index).concat('-'))}[.]ts$`, 'node_modules/rxjs/'] },
    })),
    {
      name: 'core is made of these files',
      severity: 'error',
      from: { path: '^lib/core/', pathNot: `^lib/core/${anyOf(core)}[.]ts$` },
      to: {},
    },
    {
      name: 'core needs nothing of rxjs at run time',
      severity: 'error',
      from: { path: '^lib/core/' },
      to: { path: 'node_modules', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'observables and async import core',
      severity: 'error',
      from: { path: '^lib/(observables|async)/' },
      to: { pathNot: ['^lib/(core|observables|async)/', 'node_modules/rxjs/'] },
    },
    {
      name: 'operators import core and observables',
      severity: 'error',
      from: { path: '^lib/operators/' },
      to: { pathNot: ['^lib/(core|observables|operators)/', 'node_modules/rxjs/'] },
    },
    {
      name: 'nothing but an entry point imports operators and async',
      severity: 'error',
      from: { path: '^lib/', pathNot: [entryPoints, '^lib/(operators|async)/'] },
      to: { path: '^lib/(operators|async)/' },
    },
    {
      name: 'an adapter imports its own world, and what every world has',
      severity: 'error',
      from: { path: worlds },
      to: {
        path: worlds,
        pathNot: [`^lib/adapters/$1`, '^lib/adapters/(rxjs7|withCancelOn|http/|sql/|node/graceContext)'],
      },
    },
    {
      name: 'debug and testing import downwards',
      severity: 'error',
      from: { path: '^lib/(debug|testing)/' },
      to: {
        pathNot: ['^lib/(core|observables|debug|testing)/', '^lib/adapters/rxjs7[.]ts$', 'node_modules/rxjs/'],
      },
    },
    {
      name: 'the rules for ESLint import nothing at run time',
      severity: 'error',
      from: { path: '^lib/eslint/' },
      to: { pathNot: '^lib/eslint/', dependencyTypesNot: ['type-only'] },
    },
    // The drivers have their entry points in "exports" alone.
    {
      name: 'every import resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(node|pg|mysql2|mysql2/promise)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
