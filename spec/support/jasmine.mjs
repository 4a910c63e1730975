// SPECS=build/coverage/spec runs the compiled specs; without it the TypeScript ones run through tsx.
// SUITE=core leaves out what takes minutes and what needs real servers, frameworks and loads, but for a smoke spec an adapter;
// SUITE=adapters runs that.
const dir = process.env.SPECS ?? 'spec';
const ext = dir === 'spec' ? 'ts' : 'js';
const all = [`**/*.spec.${ext}`];
const heavy = [
  `adapters/*/**/!(smoke*).spec.${ext}`,
  `gateway/**/*.spec.${ext}`,
  `playground/**/*.spec.${ext}`,
  `model/fiveSteps.node.spec.${ext}`,
];
/** @type {Record<string, string[]>} */
const suites = { core: [...all, ...heavy.map((files) => `!${files}`)], adapters: heavy };

export default {
  spec_dir: dir,
  // Those that measure the heap need one to themselves: npm run test:leaks.
  spec_files: [...(suites[process.env.SUITE ?? ''] ?? all), `!**/*.leaks.node.spec.${ext}`],
  helpers: [`support/**/*.${ext}`],
  env: { random: true, forbidDuplicateNames: true, failSpecWithNoExpectations: true },
};
