;; What one worker's step needs, as kernels-reference.ts says it, bit for bit, four elements at a time. `npm run generate`
;; compiles this file into kernels.wasm.ts. Vectors are byte addresses in the arena; `end` is the address behind the
;; first vector. Every kernel has the same shape: a loop over 16-byte groups, then one over the elements that are left.
(module
  (import "arena" "memory" (memory 1 65536 shared))

  ;; target += source * by
  (func (export "addScaled") (param $target i32) (param $source i32) (param $bytes i32) (param $by f32)
    (local $end i32) (local $groupsEnd i32) (local $by4 v128)
    (local.set $by4 (f32x4.splat (local.get $by)))
    (local.set $end (i32.add (local.get $target) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $target) (i32.and (local.get $bytes) (i32.const -16))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $target) (local.get $groupsEnd)))
      (v128.store (local.get $target)
        (f32x4.add (v128.load (local.get $target))
          (f32x4.mul (v128.load (local.get $source)) (local.get $by4))))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (br $group)))
    (block $done (loop $element
      (br_if $done (i32.ge_u (local.get $target) (local.get $end)))
      (f32.store (local.get $target)
        (f32.add (f32.load (local.get $target))
          (f32.mul (f32.load (local.get $source)) (local.get $by))))
      (local.set $target (i32.add (local.get $target) (i32.const 4)))
      (local.set $source (i32.add (local.get $source) (i32.const 4)))
      (br $element))))

  ;; target *= by
  (func (export "scale") (param $target i32) (param $bytes i32) (param $by f32)
    (local $end i32) (local $groupsEnd i32) (local $by4 v128)
    (local.set $by4 (f32x4.splat (local.get $by)))
    (local.set $end (i32.add (local.get $target) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $target) (i32.and (local.get $bytes) (i32.const -16))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $target) (local.get $groupsEnd)))
      (v128.store (local.get $target) (f32x4.mul (v128.load (local.get $target)) (local.get $by4)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br $group)))
    (block $done (loop $element
      (br_if $done (i32.ge_u (local.get $target) (local.get $end)))
      (f32.store (local.get $target) (f32.mul (f32.load (local.get $target)) (local.get $by)))
      (local.set $target (i32.add (local.get $target) (i32.const 4)))
      (br $element))))

  ;; 1 when no element is infinite or NaN. Without its sign bit a float32 compares like an integer, and those that are
  ;; not finite are the largest, so the greatest bits tell.
  (func (export "allFinite") (param $vector i32) (param $bytes i32) (result i32)
    (local $end i32) (local $groupsEnd i32) (local $greatest v128) (local $magnitude v128) (local $rest i32)
    (local.set $magnitude (v128.const i32x4 0x7fffffff 0x7fffffff 0x7fffffff 0x7fffffff))
    (local.set $end (i32.add (local.get $vector) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $vector) (i32.and (local.get $bytes) (i32.const -16))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $vector) (local.get $groupsEnd)))
      (local.set $greatest
        (i32x4.max_u (local.get $greatest) (v128.and (v128.load (local.get $vector)) (local.get $magnitude))))
      (local.set $vector (i32.add (local.get $vector) (i32.const 16)))
      (br $group)))
    (local.set $rest (i32.const 1))
    (block $done (loop $element
      (br_if $done (i32.ge_u (local.get $vector) (local.get $end)))
      (local.set $rest
        (i32.and (local.get $rest)
          (i32.lt_u (i32.and (i32.load (local.get $vector)) (i32.const 0x7fffffff)) (i32.const 0x7f800000))))
      (local.set $vector (i32.add (local.get $vector) (i32.const 4)))
      (br $element)))
    (i32.and (local.get $rest)
      (i32x4.all_true
        (i32x4.lt_u (local.get $greatest) (v128.const i32x4 0x7f800000 0x7f800000 0x7f800000 0x7f800000)))))

  ;; parameter -= (gradient + parameter * decay) * rate
  (func (export "sgd")
    (param $parameters i32) (param $gradient i32) (param $bytes i32) (param $rate f32) (param $decay f32)
    (local $end i32) (local $groupsEnd i32) (local $rate4 v128) (local $decay4 v128) (local $p4 v128) (local $p f32)
    (local.set $rate4 (f32x4.splat (local.get $rate)))
    (local.set $decay4 (f32x4.splat (local.get $decay)))
    (local.set $end (i32.add (local.get $parameters) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $parameters) (i32.and (local.get $bytes) (i32.const -16))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $parameters) (local.get $groupsEnd)))
      (local.set $p4 (v128.load (local.get $parameters)))
      (v128.store (local.get $parameters)
        (f32x4.sub (local.get $p4)
          (f32x4.mul (local.get $rate4)
            (f32x4.add (v128.load (local.get $gradient)) (f32x4.mul (local.get $p4) (local.get $decay4))))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 16)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 16)))
      (br $group)))
    (block $done (loop $element
      (br_if $done (i32.ge_u (local.get $parameters) (local.get $end)))
      (local.set $p (f32.load (local.get $parameters)))
      (f32.store (local.get $parameters)
        (f32.sub (local.get $p)
          (f32.mul (local.get $rate)
            (f32.add (f32.load (local.get $gradient)) (f32.mul (local.get $p) (local.get $decay))))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 4)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 4)))
      (br $element))))

  ;; velocity = velocity * keep + slope * weight; parameter -= velocity * rate
  (func (export "momentum")
    (param $parameters i32) (param $gradient i32) (param $velocity i32) (param $bytes i32)
    (param $rate f32) (param $decay f32) (param $keep f32) (param $weight f32)
    (local $end i32) (local $groupsEnd i32) (local $p4 v128) (local $v4 v128) (local $p f32) (local $v f32)
    (local $rate4 v128) (local $decay4 v128) (local $keep4 v128) (local $weight4 v128)
    (local.set $rate4 (f32x4.splat (local.get $rate)))
    (local.set $decay4 (f32x4.splat (local.get $decay)))
    (local.set $keep4 (f32x4.splat (local.get $keep)))
    (local.set $weight4 (f32x4.splat (local.get $weight)))
    (local.set $end (i32.add (local.get $parameters) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $parameters) (i32.and (local.get $bytes) (i32.const -16))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $parameters) (local.get $groupsEnd)))
      (local.set $p4 (v128.load (local.get $parameters)))
      (local.set $v4
        (f32x4.add
          (f32x4.mul (v128.load (local.get $velocity)) (local.get $keep4))
          (f32x4.mul (local.get $weight4)
            (f32x4.add (v128.load (local.get $gradient)) (f32x4.mul (local.get $p4) (local.get $decay4))))))
      (v128.store (local.get $velocity) (local.get $v4))
      (v128.store (local.get $parameters)
        (f32x4.sub (local.get $p4) (f32x4.mul (local.get $v4) (local.get $rate4))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 16)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 16)))
      (local.set $velocity (i32.add (local.get $velocity) (i32.const 16)))
      (br $group)))
    (block $done (loop $element
      (br_if $done (i32.ge_u (local.get $parameters) (local.get $end)))
      (local.set $p (f32.load (local.get $parameters)))
      (local.set $v
        (f32.add
          (f32.mul (f32.load (local.get $velocity)) (local.get $keep))
          (f32.mul (local.get $weight)
            (f32.add (f32.load (local.get $gradient)) (f32.mul (local.get $p) (local.get $decay))))))
      (f32.store (local.get $velocity) (local.get $v))
      (f32.store (local.get $parameters) (f32.sub (local.get $p) (f32.mul (local.get $v) (local.get $rate))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 4)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 4)))
      (local.set $velocity (i32.add (local.get $velocity) (i32.const 4)))
      (br $element))))

  ;; velocity as in momentum; parameter -= (slope + velocity * keep) * rate
  (func (export "nesterov")
    (param $parameters i32) (param $gradient i32) (param $velocity i32) (param $bytes i32)
    (param $rate f32) (param $decay f32) (param $keep f32) (param $weight f32)
    (local $end i32) (local $groupsEnd i32)
    (local $p4 v128) (local $v4 v128) (local $slope4 v128) (local $p f32) (local $v f32) (local $slope f32)
    (local $rate4 v128) (local $decay4 v128) (local $keep4 v128) (local $weight4 v128)
    (local.set $rate4 (f32x4.splat (local.get $rate)))
    (local.set $decay4 (f32x4.splat (local.get $decay)))
    (local.set $keep4 (f32x4.splat (local.get $keep)))
    (local.set $weight4 (f32x4.splat (local.get $weight)))
    (local.set $end (i32.add (local.get $parameters) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $parameters) (i32.and (local.get $bytes) (i32.const -16))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $parameters) (local.get $groupsEnd)))
      (local.set $p4 (v128.load (local.get $parameters)))
      (local.set $slope4
        (f32x4.add (v128.load (local.get $gradient)) (f32x4.mul (local.get $p4) (local.get $decay4))))
      (local.set $v4
        (f32x4.add
          (f32x4.mul (v128.load (local.get $velocity)) (local.get $keep4))
          (f32x4.mul (local.get $slope4) (local.get $weight4))))
      (v128.store (local.get $velocity) (local.get $v4))
      (v128.store (local.get $parameters)
        (f32x4.sub (local.get $p4)
          (f32x4.mul (local.get $rate4)
            (f32x4.add (local.get $slope4) (f32x4.mul (local.get $v4) (local.get $keep4))))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 16)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 16)))
      (local.set $velocity (i32.add (local.get $velocity) (i32.const 16)))
      (br $group)))
    (block $done (loop $element
      (br_if $done (i32.ge_u (local.get $parameters) (local.get $end)))
      (local.set $p (f32.load (local.get $parameters)))
      (local.set $slope (f32.add (f32.load (local.get $gradient)) (f32.mul (local.get $p) (local.get $decay))))
      (local.set $v
        (f32.add
          (f32.mul (f32.load (local.get $velocity)) (local.get $keep))
          (f32.mul (local.get $slope) (local.get $weight))))
      (f32.store (local.get $velocity) (local.get $v))
      (f32.store (local.get $parameters)
        (f32.sub (local.get $p)
          (f32.mul (local.get $rate) (f32.add (local.get $slope) (f32.mul (local.get $v) (local.get $keep))))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 4)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 4)))
      (local.set $velocity (i32.add (local.get $velocity) (i32.const 4)))
      (br $element))))

  ;; mean += (gradient - mean) * meanWeight; variance = variance * varianceKeep + gradient² * varianceWeight;
  ;; parameter = parameter * decay - mean / (sqrt(variance) / correction + epsilon) * stepSize
  (func (export "adamw")
    (param $parameters i32) (param $gradient i32) (param $mean i32) (param $variance i32) (param $bytes i32)
    (param $decay f32) (param $meanWeight f32) (param $varianceKeep f32) (param $varianceWeight f32)
    (param $stepSize f32) (param $correction f32) (param $epsilon f32)
    (local $end i32) (local $groupsEnd i32)
    (local $g4 v128) (local $m4 v128) (local $v4 v128) (local $g f32) (local $m f32) (local $v f32)
    (local $decay4 v128) (local $meanWeight4 v128) (local $varianceKeep4 v128) (local $varianceWeight4 v128)
    (local $stepSize4 v128) (local $correction4 v128) (local $epsilon4 v128)
    (local.set $decay4 (f32x4.splat (local.get $decay)))
    (local.set $meanWeight4 (f32x4.splat (local.get $meanWeight)))
    (local.set $varianceKeep4 (f32x4.splat (local.get $varianceKeep)))
    (local.set $varianceWeight4 (f32x4.splat (local.get $varianceWeight)))
    (local.set $stepSize4 (f32x4.splat (local.get $stepSize)))
    (local.set $correction4 (f32x4.splat (local.get $correction)))
    (local.set $epsilon4 (f32x4.splat (local.get $epsilon)))
    (local.set $end (i32.add (local.get $parameters) (local.get $bytes)))
    (local.set $groupsEnd (i32.add (local.get $parameters) (i32.and (local.get $bytes) (i32.const -16))))
    (block $groupsDone (loop $group
      (br_if $groupsDone (i32.ge_u (local.get $parameters) (local.get $groupsEnd)))
      (local.set $g4 (v128.load (local.get $gradient)))
      (local.set $m4 (v128.load (local.get $mean)))
      (local.set $m4
        (f32x4.add (local.get $m4)
          (f32x4.mul (f32x4.sub (local.get $g4) (local.get $m4)) (local.get $meanWeight4))))
      (v128.store (local.get $mean) (local.get $m4))
      (local.set $v4
        (f32x4.add
          (f32x4.mul (v128.load (local.get $variance)) (local.get $varianceKeep4))
          (f32x4.mul (f32x4.mul (local.get $g4) (local.get $g4)) (local.get $varianceWeight4))))
      (v128.store (local.get $variance) (local.get $v4))
      (v128.store (local.get $parameters)
        (f32x4.sub
          (f32x4.mul (v128.load (local.get $parameters)) (local.get $decay4))
          (f32x4.mul (local.get $stepSize4)
            (f32x4.div (local.get $m4)
              (f32x4.add (f32x4.div (f32x4.sqrt (local.get $v4)) (local.get $correction4)) (local.get $epsilon4))))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 16)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 16)))
      (local.set $mean (i32.add (local.get $mean) (i32.const 16)))
      (local.set $variance (i32.add (local.get $variance) (i32.const 16)))
      (br $group)))
    (block $done (loop $element
      (br_if $done (i32.ge_u (local.get $parameters) (local.get $end)))
      (local.set $g (f32.load (local.get $gradient)))
      (local.set $m (f32.load (local.get $mean)))
      (local.set $m
        (f32.add (local.get $m) (f32.mul (f32.sub (local.get $g) (local.get $m)) (local.get $meanWeight))))
      (f32.store (local.get $mean) (local.get $m))
      (local.set $v
        (f32.add
          (f32.mul (f32.load (local.get $variance)) (local.get $varianceKeep))
          (f32.mul (f32.mul (local.get $g) (local.get $g)) (local.get $varianceWeight))))
      (f32.store (local.get $variance) (local.get $v))
      (f32.store (local.get $parameters)
        (f32.sub
          (f32.mul (f32.load (local.get $parameters)) (local.get $decay))
          (f32.mul (local.get $stepSize)
            (f32.div (local.get $m)
              (f32.add (f32.div (f32.sqrt (local.get $v)) (local.get $correction)) (local.get $epsilon))))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 4)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 4)))
      (local.set $mean (i32.add (local.get $mean) (i32.const 4)))
      (local.set $variance (i32.add (local.get $variance) (i32.const 4)))
      (br $element))))
)
