import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { StatusError } from '../status.ts';

type EnvVar = google.cloud.aiplatform.v1.IEnvVar;

const MAX_VARIABLES = 100;

/** Throws INVALID_ARGUMENT for more variables than a container may have, or one without a name. */
export function checkVariables(env: EnvVar[] | null | undefined): void {
  if ((env ?? []).length > MAX_VARIABLES) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `A container can have at most ${MAX_VARIABLES} environment variables.`,
    );
  }
  for (const { name } of env ?? []) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name ?? '')) {
      throw new StatusError('INVALID_ARGUMENT', `Invalid environment variable name "${name ?? ''}".`);
    }
  }
}

/** The container's own variables after the platform's; each may refer to those before it as `$(NAME)`. */
export function resolveVariables(
  platform: Record<string, string>,
  env: EnvVar[] | null | undefined,
): Record<string, string> {
  const resolved = { ...platform };
  for (const { name, value } of env ?? []) resolved[name ?? ''] = expand(value ?? '', resolved);
  return resolved;
}

/** Replaces `$(NAME)` as Kubernetes does: unknown names stay as they are, `$$(NAME)` is a literal `$(NAME)`. */
export function expand(text: string, env: Record<string, string>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_][A-Za-z0-9_]*)\)/g, (reference, name?: string) =>
    name === undefined ? '$' : (env[name] ?? reference),
  );
}
