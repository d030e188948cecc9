import { type ApiPaths, apiPathsOf, gatewayPaths } from "./api-paths.ts";
import type { Report } from "./options/option.ts";
import type { ApiConfig } from "./sections/api.ts";
import type { StackConfig } from "./stack-config.ts";

/** Reports every path of stack config that the gateway does not pass on to the API, or that two options disagree about. */
export function checkPaths({ nginx, api }: StackConfig, report: Report): void {
  checkContractPaths(api, report);
  const paths = apiPathsOf(api.contract);
  const named = [
    ...nginx.streamPaths.map((path, index) => ({
      option: `nginx.streamPaths[${index}]`,
      path,
      isBelow: path === paths.base || path.startsWith(`${paths.base}/`),
      ofUploads: "which the gateway passes on as streams in any case, with limits of their own",
    })),
    ...nginx.cache.paths.map(({ path }, index) => ({
      option: `nginx.cache.paths[${index}].path`,
      path,
      isBelow: path.startsWith(`${paths.base}/`) && path !== `${paths.base}/`,
      ofUploads: "which are not kept",
    })),
  ];
  for (const { option, path, isBelow, ofUploads } of named) {
    if (!isBelow) reportPlace(option, path, paths, report);
    else if (isOfGateway(path)) reportGateway(option, path, report);
    else if (paths.uploads.includes(path))
      report({
        path: option,
        value: path,
        rule: `is a path of uploads (api.contract.uploads), ${ofUploads}`,
        fix: "remove it from one of them",
      });
  }
  for (const [index, path] of api.contract.uploads.entries())
    if (isOfGateway(`${paths.base}${path}`)) reportGateway(`api.contract.uploads[${index}]`, path, report);
}

function reportPlace(option: string, path: string, { base }: ApiPaths, report: Report): void {
  report({
    path: option,
    value: path,
    rule: `must be a path below ${base}/, where the gateway serves the API (api.contract.prefix)`,
    fix: `pulumi config set --path '${option}' ${base}/…`,
  });
}

function isOfGateway(path: string): boolean {
  return gatewayPaths.some((own) => path === own || path.startsWith(`${own}/`));
}

function reportGateway(option: string, path: string, report: Report): void {
  report({
    path: option,
    value: path,
    rule: `must not be below ${gatewayPaths.join(" or ")}, which the gateway answers itself`,
    fix: "use another path of the API, or api.contract.prefix /api/",
  });
}

function checkContractPaths({ contract }: Pick<ApiConfig, "contract">, report: Report): void {
  const { live, ready, metrics } = contract;
  if (live === undefined) return;
  const { base } = apiPathsOf(contract);
  for (const [index, path] of contract.public.entries()) {
    const option = `api.contract.public[${index}]`;
    if (![live, ready, metrics].includes(path))
      report({
        path: option,
        value: path,
        rule: "must be the path of api.contract.live, ready or metrics: the others are public",
        fix: "remove it",
      });
    else if (isOfGateway(`${base}${path}`)) reportGateway(option, path, report);
  }
}
