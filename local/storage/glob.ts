import { StatusError } from '../status.ts';

const WILDCARDS: Record<string, string> = { '**': '.*', '*': '[^/]*', '?': '[^/]' };

/**
 * The names that a listing's `matchGlob` is for: `*` and `?` stop at a slash, `**` does not.
 *
 * @throws StatusError for sets, alternatives and escapes, which Cloud Storage knows and the local cloud does not
 */
export function globPattern(glob: string): RegExp {
  if (/[[{\\]/.test(glob)) {
    throw new StatusError(
      'UNIMPLEMENTED',
      `storage.objects.list: of matchGlob the local cloud knows *, ** and ?, and not what ${glob} has.`,
    );
  }
  const source = glob.replace(/\*\*|[*?]|[.+^$()|\]}]/g, (token) => WILDCARDS[token] ?? `\\${token}`);
  return new RegExp(`^${source}$`, 'su');
}
