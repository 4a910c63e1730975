// Go's side: its own benchmarks of context and those in bench/go, built once, run one at a time.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { GoBenchmark } from './harness.js';

export interface Go {
  readonly version: string;
  /** What one of our operations costs there. */
  measure(benchmark: GoBenchmark, sliceMs: number): number;
}

/** Undefined where Go is not installed. */
export function findGo(workDir: string): Go | undefined {
  const version = goVersion();
  if (version === undefined) return undefined;
  const binaries = { std: path.join(workDir, 'std.test'), own: path.join(workDir, 'own.test') };
  const ownDir = path.join(import.meta.dirname, 'go');

  return {
    version,
    measure({ of, name, unit = 'ns/op', ops = 1, iterations }, sliceMs) {
      const binary = binaries[of];
      if (!existsSync(binary)) {
        execFileSync('go', ['test', '-c', '-o', binary, of === 'std' ? 'context' : '.'], { cwd: ownDir });
      }
      const output = execFileSync(
        binary,
        [
          '-test.run=^$',
          `-test.bench=${pattern(name)}`,
          `-test.benchtime=${iterations === undefined ? `${Math.ceil(sliceMs / 3)}ms` : `${iterations}x`}`,
          ...(iterations === undefined ? ['-test.count=3'] : []),
          '-test.benchmem',
          '-test.cpu=1', // JavaScript has one thread: so has Go here
        ],
        { cwd: workDir, encoding: 'utf8' },
      );
      return figureOf(output, name, unit) / ops;
    },
  };
}

function goVersion(): string | undefined {
  try {
    return execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

/** Selects one benchmark: each part of the name as a whole. */
function pattern(name: string): string {
  return `Benchmark${name}`
    .split('/')
    .map((part) => `^${part}$`)
    .join('/');
}

/** The least of lines such as `BenchmarkX   123  4.5 ns/op  6 B/op`: an interruption by another process is not Go's cost. */
function figureOf(output: string, name: string, unit: string): number {
  const figures = output
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[0]?.startsWith(`Benchmark${name}`) === true && fields.includes(unit))
    .map((fields) => Number(fields[fields.indexOf(unit) - 1]));
  if (figures.length === 0) throw new Error(`go: no ${unit} of Benchmark${name} in\n${output}`);
  return Math.min(...figures);
}
