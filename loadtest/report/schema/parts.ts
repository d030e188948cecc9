import { type TSchema, Type } from "@sinclair/typebox";

/** A number of things. */
export const count = (description?: string) => Type.Integer({ minimum: 0, description });

/** The value, or null. */
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** One of these texts. */
export const oneOf = <const T extends readonly string[]>(values: T, description?: string) =>
  Type.Unsafe<T[number]>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { description },
    ),
  );

/** A number that is NaN in the program when nothing was measured. JSON has no NaN, so the file holds null then. */
export const measured = (description?: string) =>
  Type.Unsafe<number>(Type.Union([Type.Number(), Type.Null()], { description }));
