import { StatusError } from '../status.ts';
import type { ModelVersion } from './model-records.ts';

const ALIAS = /^[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]$/;
const DEFAULT = 'default';

/**
 * Puts aliases on a version; `-alias` takes one off. An alias is on one version at a time, so putting it on one
 * takes it off another. Versions that keep theirs are answered as they are. Throws INVALID_ARGUMENT for a malformed alias, or when no version would be the default.
 */
export function mergeAliases(versions: ModelVersion[], versionId: string, aliases: string[]): ModelVersion[] {
  const removed = new Set(aliases.filter((alias) => alias.startsWith('-')).map((alias) => alias.slice(1)));
  const requested = aliases.filter((alias) => !alias.startsWith('-'));
  for (const alias of [...removed, ...requested]) checkAlias(alias);
  // Adding and removing the same alias in one request cancels out.
  const added = new Set(requested.filter((alias) => !removed.has(alias)));
  const removable = [...removed].filter((alias) => !requested.includes(alias));
  if (removable.includes(DEFAULT)) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      'The alias "default" can\'t be removed: a model has exactly one default version. Add it to another version instead.',
    );
  }
  return versions.map((version) => {
    const kept = version.versionAliases.filter((alias) => !added.has(alias));
    if (version.versionId === versionId) {
      return {
        ...version,
        versionAliases: [...kept.filter((alias) => !removable.includes(alias)), ...added],
      };
    }
    return kept.length === version.versionAliases.length ? version : { ...version, versionAliases: kept };
  });
}

/** Throws INVALID_ARGUMENT for an alias that could be mistaken for a version id, or is otherwise malformed. */
export function checkAlias(alias: string): void {
  if (!ALIAS.test(alias)) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `Invalid version alias "${alias}": it must match ${ALIAS.source}.`,
    );
  }
}
