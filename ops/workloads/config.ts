import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { GatePolicy, json, type Workload } from '../../events/index.ts';
import type { WorkloadFolder } from './folder.ts';
import { ROLES } from './rules.ts';

const thresholds = z.record(z.string(), z.number());
const Config = z.looseObject({
  'baton:model': z.string().optional(),
  'baton:labelColumn': z.string().optional(),
  'baton:trainParameters': json(
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  ).optional(),
  'baton:gate': json(GatePolicy).optional(),
  'baton:monitor': json(z.looseObject({ skew: thresholds, drift: thresholds })).optional(),
});
/** The stacks' settings that choose a workload, as far as they are about it. */
export type Config = z.infer<typeof Config>;

/** Reads a workload's config.json, which it need not have; what is wrong with it is a text. */
export function readConfig({ directory }: WorkloadFolder): Config | string | undefined {
  const file = join(directory, 'config.json');
  if (!existsSync(file)) return undefined;
  try {
    const parsed = Config.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : z.prettifyError(parsed.error);
  } catch (error) {
    return (error as Error).message;
  }
}

/** What the settings name that the workload doesn't have. */
export function configProblems(config: Config, { name, columns, label }: Workload): string[] {
  const named = (key: string, expected: string) =>
    config[key] === undefined || config[key] === expected
      ? []
      : [`${key} is ${config[key]}, not ${expected}`];
  const images = ROLES.flatMap((role) => {
    const image = config[`baton:${role}Image`];
    const isIts = typeof image !== 'string' || new RegExp(`/${name}-${role}[:@]`).test(image);
    return isIts ? [] : [`baton:${role}Image is ${image}, not ${name}-${role}`];
  });
  const features = columns.map((column) => column.name).filter((column) => column !== label.column);
  const { skew = {}, drift = {} } = config['baton:monitor'] ?? {};
  const unknown = Object.keys({ ...skew, ...drift }).filter((feature) => !features.includes(feature));
  const sliced = config['baton:gate']?.slices?.columns ?? [];
  return [
    ...named('baton:model', name),
    ...images,
    ...named('baton:labelColumn', label.column),
    ...unknown.map((feature) => `baton:monitor has ${feature}, which is no feature`),
    ...sliced
      .filter((column) => !features.includes(column))
      .map((column) => `baton:gate has slices by ${column}, which is no feature`),
  ];
}
