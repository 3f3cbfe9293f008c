// What is seldom filled in: folded away, and not drawn until it is opened.
import { type ReactNode, useState } from "react";
import { Icon } from "../ui/icon";

interface FoldProps {
  readonly title: ReactNode;
  readonly isOpenAtFirst?: boolean;
  readonly children: ReactNode;
}

export function Fold({ title, isOpenAtFirst = false, children }: FoldProps) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  return (
    <div className="fold">
      <button type="button" className="fold-button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name="chevron" size={15} />
        {title}
      </button>
      {isOpen && <div className="fold-inside">{children}</div>}
    </div>
  );
}
