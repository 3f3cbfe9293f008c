// What every field of a form is told, and how it writes.
import type { ReactNode } from "react";
import { useForm } from "./form-context";
import type { Schema } from "./schema";

export interface FieldProps {
  readonly label: string;
  /** JSON Pointer within the step. */
  readonly at: string;
  readonly schema: Schema;
  /** The server's word for the type, where it has one. */
  readonly type?: string;
  /** As it is written; undefined where it is not. */
  readonly value: unknown;
  readonly isRequired?: boolean;
  /** Whether an empty text is a value: the item of a list stays where it is. */
  readonly keepsEmpty?: boolean;
  readonly isSecret?: boolean;
  readonly isHtml?: boolean;
  readonly isExpression?: boolean;
  /** How deep it lies in lists and maps. */
  readonly depth?: number;
  readonly actions?: ReactNode;
  /** Writes it another way than under its own key. */
  readonly onChange?: (value: unknown) => Promise<boolean>;
}

/** Writes a value; none removes the key. */
export function useWrite({ at, onChange }: Pick<FieldProps, "at" | "onChange">): (value: unknown) => Promise<boolean> {
  const { set, remove } = useForm();
  return onChange ?? ((value) => (value === undefined ? remove(at) : set(at, value)));
}
