import * as pulumi from '@pulumi/pulumi';
import { LABELLED } from './policy/labels.ts';
import type { Settings } from './settings.ts';

/**
 * Labels whatever is declared from here on and can carry labels, so that the bill tells what each thing is for
 * (docs/cost.md). `component` is the resource's name within the program: a function's, a topic's, `lake`.
 */
export function labelEverything({ model, environment }: Settings): void {
  pulumi.runtime.registerStackTransformation(({ type, name, props, opts }) => {
    const property = LABELLED[type];
    if (!property) return undefined;
    const labels = { model, env: environment, component: name };
    return { props: { ...props, [property]: { ...labels, ...props[property] } }, opts };
  });
}
