import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { CheckKey } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { parseLocation } from './names.ts';

const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,64}$/u;
const KMS_KEY = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/;

/** Throws INVALID_ARGUMENT naming the first label that Google Cloud wouldn't take. */
export function checkLabels(labels: Record<string, string> | null | undefined): void {
  const entries = Object.entries(labels ?? {});
  if (entries.length > 64) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `A resource can have at most 64 labels, got ${entries.length}.`,
    );
  }
  for (const [key, value] of entries) {
    const rule = 'at most 64 lower-case letters, digits, underscores and dashes';
    if (!LABEL_KEY.test(key)) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `Invalid label key "${key}": ${rule}, the first one a letter.`,
      );
    }
    if (!LABEL_VALUE.test(value)) {
      throw new StatusError('INVALID_ARGUMENT', `Invalid value "${value}" of label "${key}": ${rule}.`);
    }
  }
}

/** Throws INVALID_ARGUMENT unless the display name has 1 to 128 characters. */
export function checkDisplayName(displayName: string | null | undefined): void {
  const length = [...(displayName ?? '')].length;
  if (length < 1 || length > 128) {
    throw new StatusError('INVALID_ARGUMENT', `display_name must have 1 to 128 characters, got ${length}.`);
  }
}

/**
 * Throws INVALID_ARGUMENT for a malformed key, and what `checkKey` throws.
 *
 * @param resource the resource to be created under the key, or its collection
 */
export function checkEncryption(
  spec: google.cloud.aiplatform.v1.IEncryptionSpec | null | undefined,
  resource: string,
  checkKey: CheckKey,
): void {
  const kmsKeyName = spec?.kmsKeyName ?? undefined;
  if (spec && !KMS_KEY.test(kmsKeyName ?? '')) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `Invalid encryption_spec.kms_key_name "${kmsKeyName ?? ''}": expected projects/*/locations/*/keyRings/*/cryptoKeys/*.`,
    );
  }
  checkKey({ kmsKeyName, resource, ...parseLocation(resource) });
}

/** Throws INVALID_ARGUMENT unless the id matches. */
export function checkId(field: string, id: string, pattern: RegExp, rule: string): void {
  if (!pattern.test(id)) throw new StatusError('INVALID_ARGUMENT', `Invalid ${field} "${id}": ${rule}.`);
}
