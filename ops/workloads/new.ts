import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';

/**
 * Copies a workload under another name: the folder, and wherever its files call it by its name.
 *
 * @throws CommandError when there is such a folder already
 */
export function copyWorkload(source: string, target: string): void {
  if (existsSync(target)) throw new CommandError(EXIT.refused, `there is ${target} already`);
  cpSync(source, target, { recursive: true, filter: (file) => basename(file) !== '__pycache__' });
  const name = new RegExp(`\\b${basename(source)}\\b`, 'g');
  for (const file of readdirSync(target, { recursive: true, encoding: 'utf8' })) {
    const path = join(target, file);
    if (!statSync(path).isFile()) continue;
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(name, basename(target)));
  }
}
