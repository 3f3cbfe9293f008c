// Choices that are shown at once, while the server still writes them.
import { type ReactNode, type SelectHTMLAttributes, useEffect, useRef, useState } from "react";
import { useForm } from "./form-context";

/** How long a choice is shown that the flow does not tell of. */
const LONGEST = 1500;

/** What is shown, and how another is picked. A refused pick goes back to what the flow holds. */
function usePicked<T>(value: T, write: (picked: T) => Promise<boolean>): readonly [T, (picked: T) => void] {
  const [pending, setPending] = useState<{ readonly picked: T } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    clearTimeout(timer.current);
    setPending(null);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const pick = (picked: T): void => {
    clearTimeout(timer.current);
    setPending({ picked });
    void write(picked).then((isTaken) => {
      if (isTaken) timer.current = setTimeout(() => setPending(null), LONGEST);
      else setPending(null);
    });
  };
  return [pending === null ? value : pending.picked, pick];
}

interface PickSelectProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "value" | "onChange" | "disabled"> {
  readonly value: string;
  readonly onPick: (value: string) => Promise<boolean>;
}

export function PickSelect({ value, onPick, children, ...rest }: PickSelectProps) {
  const { isReadOnly } = useForm();
  const [shown, pick] = usePicked(value, onPick);
  return (
    <select {...rest} value={shown} disabled={isReadOnly} onChange={(event) => pick(event.target.value)}>
      {children}
    </select>
  );
}

interface PickCheckProps {
  readonly isOn: boolean;
  /** Whether something else decides it. */
  readonly isFixed?: boolean;
  readonly onPick: (isOn: boolean) => Promise<boolean>;
  readonly children: ReactNode;
}

export function PickCheck({ isOn, isFixed = false, onPick, children }: PickCheckProps) {
  const { isReadOnly } = useForm();
  const [shown, pick] = usePicked(isOn, onPick);
  return (
    <label className="form-check">
      <input type="checkbox" checked={shown} disabled={isReadOnly || isFixed} onChange={(event) => pick(event.target.checked)} />
      <span>{children}</span>
    </label>
  );
}
