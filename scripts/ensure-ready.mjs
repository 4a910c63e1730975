// Runs before what a newcomer runs first, and says in words what is missing there: a stack trace would not.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const tooOld = major < 20 || (major === 20 && minor < 19); // Karma's configuration is an ES module that it requires
const packages = fileURLToPath(new URL('../node_modules/tsx', import.meta.url));

if (tooOld) {
  console.error(`This is Node ${process.versions.node}. To work on rxjs-ctx takes Node 20.19 or later.`);
  process.exit(1);
}
if (!existsSync(packages)) {
  console.error('The packages that this needs are not here yet. Install them first:\n\n  npm ci\n');
  process.exit(1);
}
