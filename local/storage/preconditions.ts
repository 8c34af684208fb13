import { StatusError } from '../status.ts';

/** A request's conditions on the live object (or the bucket) it acts on; generation 0 stands for no live object. */
export interface Preconditions {
  ifGenerationMatch?: string | undefined;
  ifGenerationNotMatch?: string | undefined;
  ifMetagenerationMatch?: string | undefined;
  ifMetagenerationNotMatch?: string | undefined;
}

/** The query parameters that carry preconditions on the object a request acts on. */
export const PRECONDITION_PARAMETERS = [
  'ifGenerationMatch',
  'ifGenerationNotMatch',
  'ifMetagenerationMatch',
  'ifMetagenerationNotMatch',
] as const;

/** The same for the source object of a copy. */
export const SOURCE_PRECONDITION_PARAMETERS = [
  'ifSourceGenerationMatch',
  'ifSourceGenerationNotMatch',
  'ifSourceMetagenerationMatch',
  'ifSourceMetagenerationNotMatch',
] as const;

interface Versioned {
  generation?: string;
  metageneration: string;
}

/**
 * The preconditions of a request's query, or with `of: 'source'` those on a copy's source.
 * Throws INVALID_ARGUMENT for a value that is not a non-negative integer.
 */
export function readPreconditions(
  query: Partial<Record<string, string>>,
  of: 'target' | 'source' = 'target',
): Preconditions {
  const parameters = of === 'source' ? SOURCE_PRECONDITION_PARAMETERS : PRECONDITION_PARAMETERS;
  const preconditions: Record<string, string> = {};
  for (const parameter of parameters) {
    const value = query[parameter];
    if (value === undefined) continue;
    if (!/^\d{1,19}$/.test(value)) {
      throw new StatusError('INVALID_ARGUMENT', `Invalid long value: '${value}' for ${parameter}.`, {
        reason: 'invalidParameter',
      });
    }
    preconditions[parameter.replace('Source', '')] = value;
  }
  return preconditions;
}

/** Which kind of precondition fails for the live version, if any; a read answers the two kinds differently. */
export function unmetPrecondition(
  preconditions: Preconditions,
  live: Versioned | undefined,
): 'match' | 'not-match' | undefined {
  const generation = live?.generation ?? '0';
  const metageneration = live?.metageneration ?? '0';
  const { ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch, ifMetagenerationNotMatch } =
    preconditions;
  if (ifGenerationMatch !== undefined && ifGenerationMatch !== generation) return 'match';
  if (ifMetagenerationMatch !== undefined && ifMetagenerationMatch !== metageneration) return 'match';
  if (ifGenerationNotMatch === generation) return 'not-match';
  if (ifMetagenerationNotMatch === metageneration) return 'not-match';
  return undefined;
}

/** Throws the service's 412 unless every precondition holds. */
export function requirePreconditions(preconditions: Preconditions, live: Versioned | undefined): void {
  if (unmetPrecondition(preconditions, live)) throw conditionNotMet();
}

/** Cloud Storage's answer to a failed precondition. */
export function conditionNotMet(): StatusError {
  return new StatusError(
    'FAILED_PRECONDITION',
    'At least one of the pre-conditions you specified did not hold.',
    { httpStatus: 412, reason: 'conditionNotMet' },
  );
}
