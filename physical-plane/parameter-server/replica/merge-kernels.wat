;; What regions do with each other's vectors, as kernels-reference.ts says it, bit for bit. The shape is that of
;; kernels.wat: vectors are byte addresses, a loop over groups is followed by one over the elements that are left.
(module
  (import "arena" "memory" (memory 1 65536 shared))

  ;; target = source
  (func (export "copy") (param $target i32) (param $source i32) (param $bytes i32)
    (memory.copy (local.get $target) (local.get $source) (local.get $bytes)))

  ;; vector = 0
  (func (export "clear") (param $vector i32) (param $bytes i32)
    (memory.fill (local.get $vector) (i32.const 0) (local.get $bytes)))

  ;; local = shared + (local - sent)
  (func (export "rebase") (param $local i32) (param $shared i32) (param $sent i32) (param $bytes i32)
    (local $end i32) (local $groupsEnd i32)
    (local.set $end (i32.add (local.get $local) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $local) (i32.and (local.get $bytes) (i32.const -16))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $local) (local.get $groupsEnd)))
      (v128.store (local.get $local)
        (f32x4.add (v128.load (local.get $shared))
          (f32x4.sub (v128.load (local.get $local)) (v128.load (local.get $sent)))))
      (local.set $local (i32.add (local.get $local) (i32.const 16)))
      (local.set $shared (i32.add (local.get $shared) (i32.const 16)))
      (local.set $sent (i32.add (local.get $sent) (i32.const 16)))
      (br $group)))
    (block $done (loop $element
      (br_if $done (i32.ge_u (local.get $local) (local.get $end)))
      (f32.store (local.get $local)
        (f32.add (f32.load (local.get $shared))
          (f32.sub (f32.load (local.get $local)) (f32.load (local.get $sent)))))
      (local.set $local (i32.add (local.get $local) (i32.const 4)))
      (local.set $shared (i32.add (local.get $shared) (i32.const 4)))
      (local.set $sent (i32.add (local.get $sent) (i32.const 4)))
      (br $element))))

  ;; local = shared * other + local * keep
  (func (export "mix") (param $local i32) (param $shared i32) (param $bytes i32) (param $other f32) (param $keep f32)
    (local $end i32) (local $groupsEnd i32) (local $other4 v128) (local $keep4 v128)
    (local.set $other4 (f32x4.splat (local.get $other)))
    (local.set $keep4 (f32x4.splat (local.get $keep)))
    (local.set $end (i32.add (local.get $local) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $local) (i32.and (local.get $bytes) (i32.const -16))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $local) (local.get $groupsEnd)))
      (v128.store (local.get $local)
        (f32x4.add
          (f32x4.mul (v128.load (local.get $shared)) (local.get $other4))
          (f32x4.mul (v128.load (local.get $local)) (local.get $keep4))))
      (local.set $local (i32.add (local.get $local) (i32.const 16)))
      (local.set $shared (i32.add (local.get $shared) (i32.const 16)))
      (br $group)))
    (block $done (loop $element
      (br_if $done (i32.ge_u (local.get $local) (local.get $end)))
      (f32.store (local.get $local)
        (f32.add
          (f32.mul (f32.load (local.get $shared)) (local.get $other))
          (f32.mul (f32.load (local.get $local)) (local.get $keep))))
      (local.set $local (i32.add (local.get $local) (i32.const 4)))
      (local.set $shared (i32.add (local.get $shared) (i32.const 4)))
      (br $element))))

  ;; values += round32(gradient + lambda * gradient * gradient * (values - then)) * by; what is inside of round32 is
  ;; float64, two elements at a time.
  (func (export "addCompensated")
    (param $values i32) (param $gradient i32) (param $then i32) (param $bytes i32) (param $lambda f64) (param $by f32)
    (local $end i32) (local $groupsEnd i32) (local $lambda2 v128) (local $by4 v128) (local $g2 v128) (local $v4 v128)
    (local $g f64) (local $v f32)
    (local.set $lambda2 (f64x2.splat (local.get $lambda)))
    (local.set $by4 (f32x4.splat (local.get $by)))
    (local.set $end (i32.add (local.get $values) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $values) (i32.and (local.get $bytes) (i32.const -8))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $values) (local.get $groupsEnd)))
      (local.set $v4 (v128.load64_zero (local.get $values)))
      (local.set $g2 (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $gradient))))
      (v128.store64_lane 0 (local.get $values)
        (f32x4.add (local.get $v4)
          (f32x4.mul (local.get $by4)
            (f32x4.demote_f64x2_zero
              (f64x2.add (local.get $g2)
                (f64x2.mul
                  (f64x2.mul (f64x2.mul (local.get $lambda2) (local.get $g2)) (local.get $g2))
                  (f64x2.sub
                    (f64x2.promote_low_f32x4 (local.get $v4))
                    (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $then))))))))))
      (local.set $values (i32.add (local.get $values) (i32.const 8)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 8)))
      (local.set $then (i32.add (local.get $then) (i32.const 8)))
      (br $group)))
    (if (i32.lt_u (local.get $values) (local.get $end)) (then
      (local.set $v (f32.load (local.get $values)))
      (local.set $g (f64.promote_f32 (f32.load (local.get $gradient))))
      (f32.store (local.get $values)
        (f32.add (local.get $v)
          (f32.mul (local.get $by)
            (f32.demote_f64
              (f64.add (local.get $g)
                (f64.mul
                  (f64.mul (f64.mul (local.get $lambda) (local.get $g)) (local.get $g))
                  (f64.sub (f64.promote_f32 (local.get $v)) (f64.promote_f32 (f32.load (local.get $then)))))))))))))

  ;; The sum of squares in float64: eight sums side by side, joined in pairs, then the elements that are left.
  (func (export "sumOfSquares") (param $vector i32) (param $bytes i32) (result f64)
    (local $end i32) (local $groupsEnd i32) (local $p v128) (local $total f64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $end (i32.add (local.get $vector) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $vector) (i32.and (local.get $bytes) (i32.const -32))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $vector) (local.get $groupsEnd)))
      (local.set $p (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $vector))))
      (local.set $a (f64x2.add (local.get $a) (f64x2.mul (local.get $p) (local.get $p))))
      (local.set $p (f64x2.promote_low_f32x4 (v128.load64_zero offset=8 (local.get $vector))))
      (local.set $b (f64x2.add (local.get $b) (f64x2.mul (local.get $p) (local.get $p))))
      (local.set $p (f64x2.promote_low_f32x4 (v128.load64_zero offset=16 (local.get $vector))))
      (local.set $c (f64x2.add (local.get $c) (f64x2.mul (local.get $p) (local.get $p))))
      (local.set $p (f64x2.promote_low_f32x4 (v128.load64_zero offset=24 (local.get $vector))))
      (local.set $d (f64x2.add (local.get $d) (f64x2.mul (local.get $p) (local.get $p))))
      (local.set $vector (i32.add (local.get $vector) (i32.const 32)))
      (br $group)))
    (local.set $a (f64x2.add (f64x2.add (local.get $a) (local.get $b)) (f64x2.add (local.get $c) (local.get $d))))
    (local.set $total (f64.add (f64x2.extract_lane 0 (local.get $a)) (f64x2.extract_lane 1 (local.get $a))))
    (block $done (loop $element
      (br_if $done (i32.ge_u (local.get $vector) (local.get $end)))
      (local.set $total
        (f64.add (local.get $total)
          (f64.mul (f64.promote_f32 (f32.load (local.get $vector))) (f64.promote_f32 (f32.load (local.get $vector))))))
      (local.set $vector (i32.add (local.get $vector) (i32.const 4)))
      (br $element)))
    (local.get $total))
)
