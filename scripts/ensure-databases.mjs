// Finds the databases and brokers that the specs will start; on Debian or Ubuntu, as root, installs what is missing.
// One that cannot be had is no failure: its specs are shown as not run.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findMariadb, findNats, findPostgres, findRabbitmq, findRedis } from './databases.mjs';

const servers = [
  { name: 'PostgreSQL', find: findPostgres, packages: ['postgresql'] },
  { name: 'MariaDB', find: findMariadb, packages: ['mariadb-server'] },
  { name: 'Redis', find: findRedis, packages: ['redis-server'] },
  { name: 'RabbitMQ', find: findRabbitmq, packages: ['rabbitmq-server'] },
  { name: 'NATS', find: findNats, packages: ['nats-server'] },
];
const canInstall = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/** @param {string[]} args */
function apt(...args) {
  // RUNLEVEL=1: the packages start no service.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0;
}

for (const { name, find, packages } of servers) {
  if (!find() && canInstall) {
    console.log(`Installing ${name} with apt-get.`);
    const wanted = ['install', '-y', '--no-install-recommends', ...packages];
    if (!apt(...wanted) && apt('update')) apt(...wanted);
  }
  console.log(`${name}: ${find() ?? 'NOT HERE, its specs will not run'}`);
}
