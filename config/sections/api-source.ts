import { mapOf, section } from "../options/collections.ts";
import type { ShapeValue, ValueOf } from "../options/option.ts";
import { spelling, text } from "../options/scalars.ts";
import { platformName } from "./images.ts";
import { imageName, notEmpty } from "./names.ts";

const shape = {
  image: text({ ...imageName, doc: "An image that exists." }),
  context: text({ ...notEmpty, doc: "A folder that the image is built from, relative to the project's. Its `.dockerignore` applies. The tag of the image is a hash of the folder's content: without a change, nothing is built." }),
  dockerfile: text({ ...notEmpty, doc: "Path of the Dockerfile in that folder. Without it: `Dockerfile`." }),
  target: text({ ...notEmpty, doc: "Stage of the Dockerfile that becomes the image. Without it: the last one." }),
  platform: text({ ...platformName, doc: "Platform that the image is built for. Without it: `images.platform`." }),
  args: mapOf({ pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, rule: "must be the name of a build argument: letters, digits and _" }, spelling({ doc: "" }), {
    default: {},
    doc: "Build arguments. They can be read in the image's history, so encrypted ones are refused: [secrets of a build](own-api.md#secrets-of-a-build). `BASE_IMAGE` is `images.node` where the Dockerfile has `ARG BASE_IMAGE`.",
  }),
};

/** Options of a build. */
const buildOptions = ["dockerfile", "target", "platform", "args"] as const;

/** Where an API of one's own comes from. */
export const source = section("Where an API of your own comes from: [own-api.md](own-api.md). Without `image` and `context`: from `app/`, the kit's own.", shape, {
  check: (value, path, report) => {
    if (value.image !== undefined && value.context !== undefined)
      report({
        path: `${path}.image`,
        value: value.image,
        rule: `must be absent with ${path}.context: the image either exists or is built`,
        fix: `remove one of them: pulumi config rm --path ${path}.image, or pulumi config rm --path ${path}.context`,
      });
    for (const option of buildOptions) {
      if (value.context !== undefined || !isGiven(value, option)) continue;
      report({
        path: `${path}.${option}`,
        value: option === "args" ? Object.keys(value.args).join(", ") : value[option],
        rule: `is read only with ${path}.context, the folder that the image is built from`,
        fix: `pulumi config set --path ${path}.context …, or pulumi config rm --path ${path}.${option}`,
      });
    }
  },
});

function isGiven(value: ShapeValue<typeof shape>, option: (typeof buildOptions)[number]): boolean {
  return option === "args" ? Object.keys(value.args).length > 0 : value[option] !== undefined;
}

/** Where an API of one's own comes from. */
export type SourceConfig = ValueOf<typeof source>;
