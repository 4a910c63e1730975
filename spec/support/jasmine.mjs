// SPECS=build/coverage/spec runs the compiled specs; without it the TypeScript ones run through tsx.
const dir = process.env.SPECS ?? 'spec';
const ext = dir === 'spec' ? 'ts' : 'js';

export default {
  spec_dir: dir,
  spec_files: [`**/*.spec.${ext}`],
  helpers: [`support/**/*.${ext}`],
  env: { random: true, forbidDuplicateNames: true, failSpecWithNoExpectations: true },
};
