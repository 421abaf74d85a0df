// The kinds of receivers, in the order in which a configuration shows them.
import type {IntegrationKind} from '../integration.ts';

export const integrationKinds: readonly IntegrationKind[] = [];
