import { dirname, relative, resolve, sep } from 'node:path';
import type { InputOptions, OutputOptions } from 'rolldown';

export const REPOSITORY = resolve(import.meta.dirname, '..');

/** How every bundle is read: for Node, with files named by their path in the repository. */
export const inputOptions = (): InputOptions => ({
  cwd: REPOSITORY,
  platform: 'node',
  // A linked node_modules is still the repository's.
  resolve: { symlinks: false },
});

/** How every bundle is written: readable, so that a stack says something, and with maps that fit any machine. */
export const outputOptions = (dir: string): OutputOptions => ({
  dir,
  // Documentation is half of Google's clients, and V8 reads all of it at each start.
  comments: { jsdoc: false, legal: true },
  sourcemap: true,
  sourcemapPathTransform: (source, map) =>
    relative(REPOSITORY, resolve(dirname(map), source))
      .split(sep)
      .join('/'),
});
