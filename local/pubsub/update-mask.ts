import { invalidArgument } from './errors.ts';

/**
 * Answers a copy of `current` in which the fields that the mask names have the values of `update`.
 *
 * @param mutable the top-level fields that may be named, in snake case
 * @throws INVALID_ARGUMENT for an empty mask, or a field that is unknown or can't change
 */
export function applyUpdateMask<T extends object>(
  resource: string,
  current: T,
  update: T,
  paths: readonly string[],
  mutable: readonly string[],
): T {
  if (paths.length === 0) {
    throw invalidArgument(
      `The update_mask in the Update${resource}Request must be set, and must contain a non-empty paths list.`,
    );
  }
  const result = structuredClone(current);
  for (const path of paths) {
    const [field, ...nested] = path.split('.');
    if (!mutable.includes(snakeCase(field))) {
      throw invalidArgument(
        `Invalid update_mask provided in the Update${resource}Request: '${path}' is not a known mutable ${resource} field.`,
      );
    }
    copyPath(result, update, [field, ...nested].map(camelCase));
  }
  return result;
}

function copyPath(target: object, source: object | undefined, [field, ...rest]: string[]): void {
  const value: unknown = source && Reflect.get(source, field);
  if (rest.length === 0) {
    Reflect.set(target, field, value);
    return;
  }
  const inner: unknown = Reflect.get(target, field);
  const nested = isObject(inner) ? inner : {};
  Reflect.set(target, field, nested);
  copyPath(nested, isObject(value) ? value : undefined, rest);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function camelCase(path: string): string {
  return path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
