// The type of a value in words: what it may be, its range, and a link to the type that it is of.

import { html, nothing } from "../lib.js";

/** Allowed values from which on they are folded up. */
const MANY_VALUES = 8;

/** The name of the type that a schema refers to, null where it refers to none. */
export function nameOfType(schema) {
  return schema?.$ref ? schema.$ref.split("/").at(-1) : null;
}

/** The identifier of the place where a type is described. */
export const typeId = (name) => `type-${name}`;

/** The identifier of the place where a field of a type is described. */
export const fieldId = (type, field) => `field-${type}-${field}`;

/** The type of a schema as a template. */
export function typeTemplate(schema) {
  const name = nameOfType(schema);
  if (name) return html`<a href="#${typeId(name)}">${name}</a>`;
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts) return join(parts.map(typeTemplate), " or ");
  if (schema.allOf?.length === 1) return typeTemplate(schema.allOf[0]);
  if (schema.type === "array") return html`list of ${typeTemplate(schema.items ?? {})}${rules(schema)}`;
  if (schema.type === "object" && typeof schema.additionalProperties === "object") {
    return html`object: name → ${typeTemplate(schema.additionalProperties)}`;
  }
  return html`${plainType(schema)}${rules(schema)}`;
}

function join(templates, word) {
  return templates.map((one, place) => (place ? html`${word}${one}` : one));
}

function plainType({ type, format, multipleOf, enum: values, const: only }) {
  if (values || only !== undefined) return "text";
  if (format === "date-time") return "time";
  if (type === "integer" || multipleOf === 1) return "whole number";
  const words = { string: "text", number: "number", boolean: "true or false", null: "null", object: "object" };
  return words[type] ?? "any value";
}

function rules(schema) {
  const texts = [
    range(schema.minimum, schema.maximum, ""),
    range(schema.minLength, schema.maxLength, " characters"),
    range(schema.minItems, schema.maxItems, " entries"),
  ].filter(Boolean);
  return texts.length ? `, ${texts.join(", ")}` : "";
}

function range(least, most, unit) {
  if (least === undefined && most === undefined) return "";
  if (most === undefined) return `at least ${number(least)}${unit}`;
  if (least === undefined) return `at most ${number(most)}${unit}`;
  return `${number(least)} to ${number(most)}${unit}`;
}

function number(value) {
  return value.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** The values that are allowed, where the schema lists them. */
export function allowedTemplate(schema) {
  const values = valuesOf(schema);
  if (!values.length) return nothing;
  const list = join(values.map((value) => html`<code>${value}</code>`), ", ");
  if (values.length <= MANY_VALUES) return html`<div class="allowed">One of ${list}</div>`;
  return html`<details class="allowed"><summary>One of ${values.length} values</summary>${list}</details>`;
}

function valuesOf(schema) {
  if (schema.enum) return schema.enum;
  if (schema.const !== undefined) return [schema.const];
  const inner = [...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])];
  return inner.flatMap(valuesOf);
}
