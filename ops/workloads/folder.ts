import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { DROP_FILES } from '../../events/index.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';

/** A workload's folder, and the build context of its images: `<context>/workloads/<name>`. */
export interface WorkloadFolder {
  directory: string;
  name: string;
  context: string;
  /** A file's path as people write it, from the context. */
  place(file: string): string;
}

/** @throws CommandError when there is no such folder, or it is not in a folder named workloads */
export function workloadFolder(path: string): WorkloadFolder {
  const directory = resolve(path);
  if (!existsSync(directory)) throw new CommandError(EXIT.notFound, `there is no folder ${directory}`);
  const above = dirname(directory);
  if (basename(above) !== 'workloads') {
    throw new CommandError(
      EXIT.usage,
      `${directory} is not in a folder named workloads: images are built from the folder above that one`,
    );
  }
  const context = dirname(above);
  return {
    directory,
    name: basename(directory),
    context,
    place: (file) => relative(context, join(directory, file)),
  };
}

/**
 * The folder with the rows to try the workload on.
 *
 * @throws CommandError when a file is missing
 */
export function sampleFolder({ directory, place }: WorkloadFolder, given: string | undefined): string {
  const folder = given === undefined ? join(directory, 'sample') : resolve(given);
  for (const file of Object.values(DROP_FILES)) {
    if (existsSync(join(folder, file))) continue;
    const where = given === undefined ? place(`sample/${file}`) : join(folder, file);
    throw new CommandError(EXIT.notFound, `there is no ${where}: give --data a folder with both files`);
  }
  return folder;
}
