// Conflicts of the settings of telemetry: an address that must not be dialled, packages that are not installed.

import { urlProblem } from '../../config/file/outbound-url.ts';
import type { Problem } from '../../config/problem.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import { missingPackages } from '../telemetry/otlp.ts';

/** `missing`: see `missingPackages`. */
export function telemetryConflicts({ telemetry }: Pick<SideConfig, 'telemetry'>, missing = missingPackages): Problem[] {
  if (telemetry === undefined) return [];
  const { otlp, allowPrivate } = telemetry;
  const hasQuery = URL.canParse(otlp) && new URL(otlp).search !== '';
  const wrong = urlProblem(otlp, 'https', allowPrivate) ?? (hasQuery ? 'expected a URL without query' : undefined);
  const packages = missing();
  return [
    ...(wrong === undefined ? [] : [{ path: 'telemetry.otlp', message: wrong }]),
    ...(packages === undefined
      ? []
      : [{ path: 'telemetry', message: `expected the packages that it needs: npm install ${packages}` }]),
  ];
}
