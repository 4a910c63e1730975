// SPECS=build/coverage/spec runs the compiled specs; without it the TypeScript ones run through tsx.
const dir = process.env.SPECS ?? 'spec';
const ext = dir === 'spec' ? 'ts' : 'js';

export default {
  spec_dir: dir,
  // Those that measure the heap need one to themselves: npm run test:leaks.
  spec_files: [`**/*.spec.${ext}`, `!**/*.leaks.node.spec.${ext}`],
  helpers: [`support/**/*.${ext}`],
  env: { random: true, forbidDuplicateNames: true, failSpecWithNoExpectations: true },
};
